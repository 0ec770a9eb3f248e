"""What the rest of the program says to people, in Simplified Chinese: each sentence by its English pattern."""

from types import MappingProxyType

SAYINGS = MappingProxyType(
    {
        # money and caps
        "This needs ${needed_usd} and ${used_usd} of the {name} cap of ${cap_usd} is spent or "
        "reserved ({money}). Nothing was sent. {remedy}": "这需要 US${needed_usd}，而{name}上限 "
        "US${cap_usd} 中已花费或预留 US${used_usd}（{money}）。没有发送任何请求。{remedy}",
        "session": "会话",
        "day": "每日",
        "visitor": "访客",
        "emulated money": "模拟金额",
        "money": "真实金额",
        "{n_open} pictures for you or your network are being made, and at most {most} may be at "
        "once here. Nothing was sent. Wait for some to finish.": "你或你所在的网络有 {n_open} 张图片正在生成，"
        "这里同时最多 {most} 张。没有发送任何请求。请等待其中一些完成。",
        "No price is known for {model}, so this app's own key does not pay for it. Nothing was "
        "sent. Use a key of your own.": "{model} 的价格未知，因此不能使用本应用的密钥付费。没有发送任何请求。"
        "请使用自己的密钥。",
        "Use a key of your own, or come back tomorrow (UTC).": "请使用自己的密钥，或明日（UTC）再来。",
        "Raise {setting} or wait.": "请调高 {setting} 或等待。",
        "Too many keys are being tried here just now. Try again in a minute.": (
            "当前有过多密钥正在验证，请一分钟后再试。"
        ),
        "A new tab of the page, or a new start, is another session. {setting} sets its cap.": (
            "新的浏览器标签页或重新启动即为新的会话。会话上限由 {setting} 设定。"
        ),
        "No price is known for this, so it cannot be held against a cap. Nothing was sent.": "价格未知，"
        "无法计入上限。没有发送任何请求。",
        # what is asked for
        "The prompt is empty. Write what to draw.": "提示词为空。请写下想要的画面。",
        "The prompt has {size_bytes:,} bytes; this app sends at most {max_prompt_bytes:,}. Shorten "
        "it.": "提示词有 {size_bytes:,} 字节，本应用最多发送 {max_prompt_bytes:,} 字节。请缩短。",
        "{name} has no ratio {size!r}. Choose one of: {ratios}.": "{name} 没有比例 {size!r}。可选：{ratios}。",
        "{name} has no resolution {resolution!r}. Choose one of: {resolutions}.": "{name} 没有分辨率 "
        "{resolution!r}。可选：{resolutions}。",
        "{n_references} references were given; {name} takes at most {max_references}. Remove "
        "{n_too_many}.": "给出了 {n_references} 张参考图，{name} 最多接受 {max_references} 张。请移除 {n_too_many} 张。",
        "There is no model {model_id!r}. Choose one of: {models}.": "没有模型 {model_id!r}。可选：{models}。",
        "The prompt holds half of a character (a lone surrogate, position {start}) that cannot be "
        "sent. Delete it and type it again.": "提示词第 {start} 个位置有半个字符（孤立代理项），无法发送。"
        "请删除后重新输入。",
        "{repeats} repeats were asked for; choose 1 to {max_repeats}.": "重复次数为 {repeats}，请选 1 至 {max_repeats}。",
        "Choose at least one model.": "请至少选择一个模型。",
        # addresses
        "it has {n_url:,} characters; at most {max_url_chars:,} are usual.": "长度为 {n_url:,} 个字符，"
        "通常最多 {max_url_chars:,} 个。",
        "it holds a space, a control character or a backslash.": "其中含有空格、控制字符或反斜杠。",
        "it must begin with https:// or http://.": "必须以 https:// 或 http:// 开头。",
        "it must begin with https://.": "必须以 https:// 开头。",
        "it leads from the emulator to somewhere else.": "它从模拟器指向了别处。",
        "it names no host.": "其中没有主机名。",
        "it holds a user name or password.": "其中含有用户名或密码。",
        "it names no port that exists.": "端口号不存在。",
        "{host} is not an address on the internet.": "{host} 不是互联网上的地址。",
        "{url!r} cannot be used as a reference: {exc}": "{url!r} 不能用作参考图：{exc}",
        "it is not a well-formed address.": "网址格式不正确。",
        "its host is a number in disguise.": "主机名是伪装的数字。",
        "{host} is a name inside a network, not on the internet.": "{host} 是内网名称，不在互联网上。",
        "{host} is not on the internet (it stands for {found}), so nothing is fetched from it.": "{host} "
        "不在互联网上（对应 {found}），因此不会从中取回任何内容。",
        "The address is empty. Paste the address of a picture.": "网址为空。请粘贴一张图片的网址。",
        "The service refuses embedded pictures (data:). Add the picture as a file instead.": "服务不接受"
        "内嵌图片（data:）。请改为添加图片文件。",
        "The address has {n_address:,} characters; the limit is {max_url_characters:,}. Add the "
        "picture as a file instead.": "网址有 {n_address:,} 个字符，上限为 {max_url_characters:,} 个。"
        "请改为添加图片文件。",
        "The address holds a user name or password, which everyone could read. Add the picture as "
        "a file instead.": "网址中含有用户名或密码，任何人都能看到。请改为添加图片文件。",
        "The address must start with https:// or http://. Add a picture on this computer as a "
        "file.": "网址必须以 https:// 或 http:// 开头。本机上的图片请以文件方式添加。",
        "The address {address!r} names no host. Paste all of it.": "网址 {address!r} 中没有主机名。请完整粘贴。",
        "The address holds {character!a} at position {position}, which no address may. Paste the "
        "address of one picture.": "网址第 {position} 个位置含有 {character!a}，这不允许出现在网址中。"
        "请粘贴一张图片的网址。",
        "The address cannot be read ({exc}). Paste it again.": "网址无法识别（{exc}）。请重新粘贴。",
        # references
        "Save it as PNG or JPEG and add that file.": "请另存为 PNG 或 JPEG 后再添加。",
        "Have a smaller copy made, or add a smaller file.": "请压缩后使用，或添加更小的文件。",
        "Add a smaller file.": "请添加更小的文件。",
        "Save the picture itself, not the page that shows it, and add that.": "请保存图片本身而不是显示它的"
        "网页，再添加。",
        "Save or download it again and add that file.": "请重新保存或下载后再添加。",
        "Save one picture of it as PNG or JPEG and add that.": "请将其中一帧另存为 PNG 或 JPEG 后再添加。",
        "more than {limit:,}": "超过 {limit:,}",
        "{name} has {amount} bytes; the service takes fewer than {upload_limit_bytes:,}, and a "
        "smaller copy can be made of at most {max_file_bytes:,}. Add a smaller file.": "{name} 有 {amount} "
        "字节；服务只接受小于 {upload_limit_bytes:,} 字节的文件，而可压缩的文件最大为 {max_file_bytes:,} 字节。"
        "请添加更小的文件。",
        "{name} has {n_clean:,} bytes; the service takes fewer than {upload_limit_bytes:,}. "
        "{advice}": "{name} 有 {n_clean:,} 字节，服务只接受小于 {upload_limit_bytes:,} 字节的文件。{advice}",
        "{name} has {width_px:,} × {height_px:,} = {pixels:,} pixels; the limit is {max_pixels:,}. "
        "{advice}": "{name} 有 {width_px:,} × {height_px:,} = {pixels:,} 像素，上限为 {max_pixels:,}。{advice}",
        "{name} is {kind}. {advice}": "{name} 是{kind}。{advice}",
        "{name} cannot be sent. {exc} {advice}": "{name} 无法发送。{exc}{advice}",
        "{name} is not there any more. Add it again.": "{name} 已不存在。请重新添加。",
        "Reference {name!r} has neither a file nor an address.": "参考图 {name!r} 既没有文件也没有网址。",
        "The reference {name} cannot be read: {strerror}": "参考图 {name} 无法读取：{strerror}",
        "Reference {number} is gone.": "参考图 {number} 已丢失。",
        "The reference {name} is gone.": "参考图 {name} 已丢失。",
        # files that are no pictures
        "no known kind of picture": "无法识别的文件",
        "a web page (HTML)": "网页（HTML）",
        "XML or HTML text": "XML 或 HTML 文本",
        "JSON text": "JSON 文本",
        "a HEIC picture": "HEIC 图片",
        "an AVIF picture": "AVIF 图片",
        "a video": "视频",
        "a BMP picture": "BMP 图片",
        "a TIFF or camera raw picture": "TIFF 或相机 RAW 图片",
        "a PDF document": "PDF 文档",
        "a Photoshop document": "Photoshop 文档",
        "a JPEG XL picture": "JPEG XL 图片",
        "a JPEG 2000 picture": "JPEG 2000 图片",
        "a ZIP archive": "ZIP 压缩包",
        "empty (0 bytes)": "空文件（0 字节）",
        "The file is {kind}, not a PNG, JPEG, WebP or GIF picture.": "该文件是{kind}，不是 PNG、JPEG、WebP 或 "
        "GIF 图片。",
        "The {format} file says it has {width_px} × {height_px} pixels.": "{format} 文件自称有 {width_px} × "
        "{height_px} 像素。",
        "The {format} file of {n_data:,} bytes is cut off or damaged before its size is told.": "{format} "
        "文件（{n_data:,} 字节）被截断或已损坏，无法得知尺寸。",
        "Even {width} × {height} pixels take {n_data:,} bytes; the limit is {below_bytes:,}.": "即使缩到 "
        "{width} × {height} 像素也有 {n_data:,} 字节，上限为 {below_bytes:,} 字节。",
        "{name} is larger than the limit of {max_file_bytes:,} bytes.": "{name} 超过 {max_file_bytes:,} 字节的上限。",
        "The file is a {format} picture; expected {formats}.": "该文件是 {format} 图片，应为 {formats}。",
        "The JPEG asks for {scans:,} passes; the limit is {max_jpeg_scans}.": "该 JPEG 需要 {scans:,} 遍解码，"
        "上限为 {max_jpeg_scans} 遍。",
        "The picture has {width_px:,} × {height_px:,} = {n_pixels:,} pixels; the limit is "
        "{max_pixels:,}.": "图片有 {width_px:,} × {height_px:,} = {n_pixels:,} 像素，上限为 {max_pixels:,}。",
        "{path} could not be read: {strerror}.": "{path} 无法读取：{strerror}。",
        "The picture ({told}) is cut off or damaged: {exc}.": "图片（{told}）被截断或已损坏：{exc}。",
        "A text can be put into PNG, JPEG and WebP pictures only.": "只有 PNG、JPEG 和 WebP 图片可以写入文本。",
        "The picture's layout is damaged, so no text can be put in.": "图片结构已损坏，无法写入文本。",
        # the disk
        "{folder} is on a disk that can only be read. Nothing was bought. Allow writing, or set "
        "PLAYGROUND_DATA_DIR to another folder.": "{folder} 所在磁盘只读。没有购买任何图片。请允许写入，"
        "或将 PLAYGROUND_DATA_DIR 设为其他文件夹。",
        "Only {free_mb:,.0f} MB are free on the disk of {folder}, and {wanted_mb:,.0f} MB may be "
        "needed. Nothing was bought. Free some space; then it works again by itself.": "{folder} 所在磁盘"
        "只剩 {free_mb:,.0f} MB，而可能需要 {wanted_mb:,.0f} MB。没有购买任何图片。腾出空间后会自动恢复。",
        "The disk of {folder} can take no more files. Nothing was bought. Remove some; then it "
        "works again by itself.": "{folder} 所在磁盘无法再存放更多文件。没有购买任何图片。删除一些后会自动恢复。",
        "{path} cannot be kept on disk ({strerror}). Free some space, allow writing, or set "
        "PLAYGROUND_DATA_DIR to another folder.": "{path} 无法写入磁盘（{strerror}）。请腾出空间、允许写入，"
        "或将 PLAYGROUND_DATA_DIR 设为其他文件夹。",
        "{path} cannot be locked ({strerror}), so two programs could not share it safely. Set "
        "PLAYGROUND_DATA_DIR to a folder on a local disk.": "{path} 无法加锁（{strerror}），两个程序不能安全"
        "共用。请将 PLAYGROUND_DATA_DIR 设为本地磁盘上的文件夹。",
        "Another program has held {path} for {patience_s:g} seconds. Close it, or find out why it "
        "hangs.": "另一个程序已占用 {path} 达 {patience_s:g} 秒。请关闭它，或查明其卡住的原因。",
        "The data folder {parent} cannot be written ({strerror}). Free some space, allow writing, "
        "or set PLAYGROUND_DATA_DIR to another folder.": "数据文件夹 {parent} 无法写入（{strerror}）。请腾出空间、"
        "允许写入，或将 PLAYGROUND_DATA_DIR 设为其他文件夹。",
        "{path} cannot be written ({strerror}). Nothing was bought.": "{path} 无法写入（{strerror}）。"
        "没有购买任何图片。",
        "{other} already holds another picture, so {part} stays where it is. Move one of them by "
        "hand.": "{other} 已存有另一张图片，因此 {part} 保持原位。请手动移动其中一个。",
        "There is neither {part} nor a picture {folder} to keep.": "既没有 {part}，也没有可保存的图片 {folder}。",
        "The journal {path} is closed in this process.": "任务流水 {path} 在此进程中已关闭。",
        "{draft} is locked by another program.": "{draft} 被另一个程序占用。",
        "The journal lost run {run_id}.": "任务流水中找不到 {run_id}。",
        "The journal does not know run {run_id}.": "任务流水中没有 {run_id}。",
        "Another program ({host}) is using {folder}, where file locks do not work, so only one at a "
        "time may. Nothing was bought. End the other one, or set PLAYGROUND_DATA_DIR to another "
        "folder.": "另一个程序（{host}）正在使用 {folder}，而那里文件锁无效，因此同一时间只能有一个。"
        "没有购买任何图片。请结束另一个程序，或将 PLAYGROUND_DATA_DIR 设为其他文件夹。",
        # a run on its way
        "Uploading references": "正在上传参考图",
        "The answer was lost. Asking whether the request arrived (look-up {asked} of {most}); it is "
        "not sent again.": "服务的答复丢失。正在查询请求是否送达（第 {asked} 次，共 {most} 次），不会重复发送。",
        "Task {task_id} is paid for, but its id cannot be written down. {problem} It is tried again "
        "until the disk takes it.": "任务 {task_id} 已付费，但其 ID 无法写入。{problem}会一直重试，直到写入成功。",
        "Task {task_id} names no picture at the moment.": "任务 {task_id} 暂时没有给出图片。",
        "The picture of task {task_id} cannot be written ({strerror}). It is paid for and stays "
        "open: make room on the disk.": "任务 {task_id} 的图片无法写入（{strerror}）。它已付费，任务仍保留："
        "请腾出磁盘空间。",
        "The service does not say how task {task_id} is. {exc}": "服务没有告知任务 {task_id} 的状态。{exc}",
        "The file arrived broken and is fetched again. {exc}": "取回的文件已损坏，正在重新取回。{exc}",
        "The picture cannot be fetched yet. {exc}": "暂时无法取回图片。{exc}",
        "Left open by an earlier start. It is taken up when its key is known.": "上次启动时留下的任务，"
        "填入对应密钥后会继续。",
        "Planned and reserved; it is sent when its experiment goes on.": "已计划并预留，实验继续时发送。",
        "Its key was forgotten. It is taken up when that key is entered again.": "对应的密钥已清除，"
        "再次填入该密钥后会继续。",
        "The app is closing; its next start takes this up.": "应用正在关闭，下次启动时会继续。",
        "{exc} Nothing is lost: this goes on once the disk takes it.": "{exc}没有丢失任何内容：磁盘恢复后会继续。",
        "Nobody waits for it any more. It is paid for and stays open; when the service has finished "
        "it, it is kept and logged.": "已停止等待。它已付费，任务仍保留；服务完成后会保存并写入日志。",
        "The app is closing and takes no more work.": "应用正在关闭，不再接受新的请求。",
        "The app is closing.": "应用正在关闭。",
        "Run {run_id} was planned with another key. Enter that key, or plan it anew.": "{run_id} 是用另一个"
        "密钥计划的。请填入该密钥，或重新计划。",
        "Only a run that ended without a picture can be bought again; {run_id} is {state}.": "只有没得到图片"
        "的才能重新购买；{run_id} {state}。",
        "unknown": "不存在",
        "still open": "仍在进行",
        "fine": "已成功",
        "Run {run_id} is not in doubt.": "{run_id} 并无疑问。",
        "This key is not known any more. Enter it again.": "此密钥已失效，请重新填写。",
        # the service
        "The request was not sent. {exc}": "请求没有发送。{exc}",
        "The service could not be reached, so nothing was bought ({reason}).": "无法连接服务，没有购买任何"
        "图片（{reason}）。",
        "Too many paid requests are out already, so this one was not sent and nothing was "
        "bought.": "已发出的付费请求过多，此请求没有发送，也没有购买任何图片。",
        "The service gave no answer ({reason}). Try again.": "服务没有答复（{reason}）。请重试。",
        "The paid request left and no answer came back ({reason}). It may have been accepted, so it "
        "is looked up, not sent again.": "付费请求已发出但没有收到答复（{reason}）。它可能已被接受，因此只会查询，"
        "不会重复发送。",
        "The key was not accepted; check it": "密钥未被接受，请检查",
        "The upload was refused": "上传被拒绝",
        "The service takes no more requests at the moment": "服务目前不再接受更多请求",
        "The service does not know what was asked for": "服务找不到所请求的内容",
        "The account has not enough credits; top it up": "账户积分不足，请充值",
        "The content policy refused this prompt or a reference": "内容政策拒绝了此提示词或某张参考图",
        "This key may not do that; check what it is allowed to use": "此密钥无权进行该操作，请检查其权限",
        "The service refused the request": "服务拒绝了请求",
        "The service is out of order at the moment": "服务暂时故障",
        "{says} ({detail}).": "{says}（{detail}）。",
        "{says} ({detail}). It says: {message}": "{says}（{detail}）。服务的原话：{message}",
        "HTTP {status_code} came with something that is not the service's JSON. A proxy may stand "
        "in between; try again.": "收到 HTTP {status_code}，但内容不是服务的 JSON。中间可能有代理，请重试。",
        "The account at {host} has no credits left. Top it up there, then try again.": "{host} 的账户已没有"
        "积分。请充值后重试。",
        "{host} does not accept this key. Check that it was copied whole and is still active. It "
        "says: {words}": "{host} 不接受此密钥。请检查是否完整复制且仍有效。服务的原话：{words}",
        "{host} cannot be reached. Check the network, or choose another host. {exc}": "无法连接 {host}。"
        "请检查网络，或换一个主机。{exc}",
        "{host} did not tell the balance. {exc}": "{host} 没有告知余额。{exc}",
        "{base_url!r} is no address of a service.": "{base_url!r} 不是服务地址。",
        "{message} Examples: https://toapis.com, https://toapis.cn.": "{message}例如：https://toapis.com、"
        "https://toapis.cn。",
        "That is no address of a service.": "这不是服务地址。",
        "The address must hold no user name, question mark or hash sign.": "地址中不能含有用户名、问号或井号。",
        "The address must begin with https://.": "地址必须以 https:// 开头。",
        "http://{host} would send the key unencrypted. Use https://.": "http://{host} 会以明文发送密钥。"
        "请使用 https://。",
        "The path of the address holds signs that no service uses.": "地址的路径中含有服务不会使用的符号。",
        "That is no key: it has {n_key} characters and must have 8 to 200, without spaces, line "
        "breaks or letters beyond ASCII. Copy it again from the service's console.": "这不是密钥：它有 {n_key} "
        "个字符，而密钥应有 8 至 200 个，且不含空格、换行或 ASCII 以外的字符。请从服务的控制台重新复制。",
        # fetching a picture
        "The proxy that the environment names cannot be used. Check HTTPS_PROXY and "
        "ALL_PROXY.": "环境变量指定的代理无法使用。请检查 HTTPS_PROXY 和 ALL_PROXY。",
        "The picture cannot be written to {parent} ({strerror}). It is paid for and stays open; "
        "free some space or allow writing.": "图片无法写入 {parent}（{strerror}）。它已付费，任务仍保留；"
        "请腾出空间或允许写入。",
        "The file is larger than {max_bytes:,} bytes, so it was not taken.": "文件超过 {max_bytes:,} 字节，未取回。",
        "The picture's address leads on more than {max_redirects} times.": "图片网址的跳转超过 {max_redirects} 次。",
        "The picture is no longer at its address (HTTP {status}). Results live for 24 hours.": "图片已不在其"
        "网址上（HTTP {status}）。结果只保留 24 小时。",
        "The file host is out of order at the moment (HTTP {status}).": "文件主机暂时故障（HTTP {status}）。",
        "The file host answered HTTP {status} instead of a picture.": "文件主机返回 HTTP {status}，而不是图片。",
        "The file host sent a drawing in SVG, which is not taken for a picture.": "文件主机返回了 SVG 图形，"
        "不作为图片接受。",
        "The file host sent a compressed picture, which is not unpacked.": "文件主机返回了压缩的图片，不会解压。",
        "The file host sent an empty file.": "文件主机返回了空文件。",
        "The picture's address leads on to no address.": "图片网址的跳转没有目标。",
        "The file host sent {kind} instead of a picture.": "文件主机返回的是 {kind}，而不是图片。",
        "Nothing is fetched from {url!r}: {exc}": "不会从 {url!r} 取回内容：{exc}",
        "The picture did not arrive within {total_s:g} seconds. Try again.": "图片未能在 {total_s:g} 秒内到达。请重试。",
        "The picture could not be fetched ({reason}). Try again.": "无法取回图片（{reason}）。请重试。",
        "The picture broke off while it was fetched ({exc}).": "取回图片时中断（{exc}）。",
        # experiments and their plans
        "{experiment_id} was begun with another key. Enter that key, or plan it anew.": "{experiment_id} 是用"
        "另一个密钥开始的。请填入该密钥，或重新计划。",
        "A model stands in two lanes: their pairs test the voter, not the models.": "同一模型占了两侧："
        "这样的图片组检验的是投票人，而不是模型。",
        "{n_prompts:,} prompts × {n_models} models × {n_variants} variants × {repeats} repeats are "
        "{n_pictures:,} pictures; the limit is {max_pictures:,}. Split the plan.": "{n_prompts:,} 条提示词 × "
        "{n_models} 个模型 × {n_variants} 个变体 × {repeats} 次重复，共 {n_pictures:,} 张图片，上限为 "
        "{max_pictures:,} 张。请拆分计划。",
        "It has {n_name} characters; the limit is {max_name_characters}.": "有 {n_name} 个字符，上限为 "
        "{max_name_characters} 个。",
        "{n_models} lanes were asked for; the limit is {max_lanes}.": "要求了 {n_models} 侧，上限为 {max_lanes} 侧。",
        "Give a set, or the empty one.": "请给出一组，或给出空组。",
        "Choose at least one of: {known}.": "请至少选择一项：{known}。",
        "Two sets are called {name!r}. Rename one.": "有两组都叫 {name!r}。请改名。",
        "references, set {name!r}": "参考图组 {name!r}",
        "references, set {name!r}, image {number}": "参考图组 {name!r}，第 {number} 张",
        "There is no {name} {value!r}. Choose among: {known}.": "没有 {value!r} 这一项。可选：{known}。",
        "{value} is listed twice. List it once.": "{value} 列了两次，请只列一次。",
        "It has more than {max_plan_bytes:,} bytes, so it is no plan.": "它超过 {max_plan_bytes:,} 字节，不是计划文件。",
        "There is no such file. Check its name and folder.": "没有这个文件。请检查文件名和文件夹。",
        "{path} cannot be read ({strerror}).": "{path} 无法读取（{strerror}）。",
        "It is not a plan: not JSON in UTF-8.": "它不是计划：不是 UTF-8 编码的 JSON。",
        "It is not a plan. A plan is made by `experiment plan`.": "它不是计划。计划由 `experiment plan` 生成。",
        "This is not JSON ({msg}). A plan is made by `experiment plan`.": "这不是 JSON（{msg}）。"
        "计划由 `experiment plan` 生成。",
        "Another plan with the id {experiment_id} is there already. Run that one, or plan "
        "anew.": "已有 ID 为 {experiment_id} 的另一个计划。请运行那一个，或重新计划。",
        "Prompts come from {given}. Choose one of them.": "提示词来自 {given}，请只选其一。",
        "This column has no name. Name it, or delete it.": "这一列没有名称。请命名或删除。",
        "The file has more than {max_file_bytes:,} bytes. Split it.": "文件超过 {max_file_bytes:,} 字节。请拆分。",
        "There is a NUL character, as in UTF-16 or a spreadsheet's own format. Save the file as "
        "UTF-8 text.": "其中含有 NUL 字符，如 UTF-16 或电子表格自有格式。请将文件保存为 UTF-8 文本。",
        "There are two columns {name!r}. Rename one.": "有两列都叫 {name!r}。请改名。",
        "The file cannot be read ({strerror}). Check its name and folder.": "文件无法读取（{strerror}）。"
        "请检查文件名和文件夹。",
        "The byte 0x{byte:02x} is not UTF-8. Save the file as UTF-8 (in a spreadsheet: “CSV "
        "UTF-8”).": "字节 0x{byte:02x} 不是 UTF-8。请将文件保存为 UTF-8（电子表格中选“CSV UTF-8”）。",
        "No row follows the header. Add one.": "表头之后没有任何行。请添加。",
        "Unknown column {name!r}: settings are chosen for the whole plan, not by row. Delete it, or "
        "rename it if {name!r} is meant as a variable or a tag.": "不认识的列 {name!r}：设置是针对整个计划的，"
        "不能逐行选择。请删除；若 {name!r} 是变量或标签，请改名。",
        "There is no prompt. Write one a line.": "没有提示词。请每行写一条。",
        "It is empty. Write a header and a row.": "内容为空。请写一行表头和至少一行内容。",
        "This row has {n_record} cells and the header {n_names}. Put cells that hold {delimiter!r} "
        "in quotes, or leave missing ones empty.": "这一行有 {n_record} 个单元格，而表头有 {n_names} 个。"
        "请给含有 {delimiter!r} 的单元格加引号，缺少的留空。",
        "Unknown column {name!r}. Write it {spelling!r}.": "不认识的列 {name!r}。请写成 {spelling!r}。",
        "The table cannot be read here ({exc}). Close the quotes, and write a quote inside quotes "
        'twice ("").': '此处的表格无法读取（{exc}）。请闭合引号，引号内的引号请写两次（""）。',
        "in_flight is {in_flight}; it must be from 1 to 1000.": "in_flight 为 {in_flight}，必须在 1 至 1000 之间。",
        "{experiment_id!r} is no experiment's id. `experiment list` tells them.": "{experiment_id!r} 不是实验 "
        "ID。可用 `experiment list` 查看。",
        "There is no experiment {experiment_id} in {folder}.": "{folder} 中没有实验 {experiment_id}。",
        "{name} is {value}; it must be zero or more.": "{name} 为 {value}，必须大于或等于零。",
        "{experiment_id} was stopped. Buy what was given up with `retry-failed --cancelled`, or "
        "plan anew.": "{experiment_id} 已停止。可用 `retry-failed --cancelled` 购买已放弃的图片，或重新计划。",
        "{path} is not readable as the state of an experiment ({exc}). Move it away: the plan then "
        "counts as never started, and what was bought is found again in the log.": "{path} 无法作为实验状态"
        "读取（{exc}）。请将它移走：计划会视为从未开始，已购买的图片可在日志中找到。",
        "There is no prompt. Give prompts, a file, or a template.": "没有提示词。请给出提示词、文件或模板。",
        "The prompt is empty. Write what to draw, or delete the row.": "提示词为空。请写下想要的画面，或删除该行。",
        "{group!r} at character {start} of the prompt has no counterpart. Write variables as "
        "{{{{name}}}}.": "提示词第 {start} 个字符处的 {group!r} 没有配对。变量请写成 {{{{name}}}}。",
        "The variable {name!r} has values, and no prompt names it. Write {{{{{name}}}}} where it "
        "belongs, or take its values away.": "变量 {name!r} 有取值，但没有提示词用到它。请在需要的位置写上 "
        "{{{{{name}}}}}，或去掉其取值。",
        "The variable {name!r} has an empty value. Write its values with commas between.": "变量 {name!r} 有"
        "空的取值。请用逗号分隔各取值。",
        "{name!r} is a column of {source} and has a list of values too. Rename one of them.": "{name!r} 既是 "
        "{source} 的列，又有取值列表。请将其中之一改名。",
        "{source} has prompts of its own and the template does not use them. Write "
        "{{{{{prompt_column}}}}} in the template, or leave it out.": "{source} 已有提示词，而模板没有用到。"
        "请在模板中写上 {{{{{prompt_column}}}}}，或不用模板。",
        "{exc} Shorten it.": "{exc}请缩短。",
        "{place}: The same prompt as {where}, planned once. For more pictures of one prompt raise "
        "the repeats.": "{place}：与{where}的提示词相同，只计划一次。若要同一提示词更多图片，请增加重复次数。",
        "prompts": "提示词",
        "line {line}": "第 {line} 行",
        "an earlier one": "前面的一条",
        "{source}, line {line}": "{source} 第 {line} 行",
        "The templates and their values make {n_wanted:,} prompts; the limit is {limit:,}. Use "
        "fewer values, or split the plan.": "模板及其取值共产生 {n_wanted:,} 条提示词，上限为 {limit:,} 条。"
        "请减少取值，或拆分计划。",
        "There is no column {prompt_column!r}; the columns are {columns}. Rename one to "
        "{prompt_column!r}, or give a template that names them.": "没有名为 {prompt_column!r} 的列，现有列为 "
        "{columns}。请将其中一列改名为 {prompt_column!r}，或给出用到这些列的模板。",
        "The cell of the variable {name!r} is empty. Fill it in.": "变量 {name!r} 的单元格为空。请填写。",
        "There are {names}.": "现有 {names}。",
        "None has values.": "没有变量有取值。",
        "Unknown variable {{{{{name}}}}}. {remedy} Correct the name, or give it values.": "不认识的变量 "
        "{{{{{name}}}}}。{remedy}请更正名称，或给出取值。",
        "No price is known for {models}. Give one to count with, or leave it out.": "{models} 的价格未知。"
        "请给出一个用于计算的价格，或不用该项。",
        "The budget covers all {n} comparisons.": "预算够用于全部 {n} 个对比。",
        "The budget covers {n_covered} of {n} comparisons.": "预算够用于 {n_covered} / {n} 个对比。",
        # tags, notes, votes
        "A tag has 1 to {max_tag_characters} characters; got {n_plain}.": "标签须为 1 至 {max_tag_characters} "
        "个字符，现为 {n_plain} 个。",
        "The note has {n_note:,} characters; the limit is {max_note_characters:,}.": "备注有 {n_note:,} 个字符，"
        "上限为 {max_note_characters:,} 个。",
        "There is no mark {act_id!r} to take back.": "没有可撤销的标记 {act_id!r}。",
        "One of the two runs has no picture.": "其中一侧没有图片。",
        "One picture is emulated, the other one live.": "一张为模拟，另一张为真实。",
        "The two prompts differ.": "两侧的提示词不同。",
        "The two runs asked for different ratios.": "两侧的比例不同。",
        "The two runs asked for different resolutions.": "两侧的分辨率不同。",
        "The two runs were sent different references.": "两侧的参考图不同。",
        "This pair cannot be judged. {sentence}": "这一组无法评判。{sentence}",
        "A blind pair needs the number its sides are drawn from.": "盲评的图片组需要用于抽签的数字。",
        "A pair is shown again to test the voter, so its names are hidden.": "再次显示这一组是为了检验投票人，"
        "因此不显示模型名称。",
        "{answer} is no verdict on two pictures.": "{answer} 不是对两张图片的判断。",
        "There is no vote on this pair to withdraw.": "这一组没有可撤回的投票。",
        "There is a vote on this pair already; it can be withdrawn.": "这一组已有投票，可以撤回。",
        # pictures that are gone, and what was noticed about those that are there
        "The picture of run {run_id} is gone.": "{run_id} 的图片已丢失。",
        "The picture of run {run_id} is not the one that came.": "{run_id} 的图片不是当时收到的那张。",
        "The picture of run {run_id} is left out. {exc}": "{run_id} 的图片未包含在内。{exc}",
        "The picture of run {run_id} is no longer in the data folder.": "{run_id} 的图片已不在数据文件夹中。",
        "The picture file is no longer in the data folder.": "图片文件已不在数据文件夹中。",
        "The picture file is not the one that came from the service.": "图片文件不是服务返回的那一个。",
        "One ZIP holds 1 to {max_together} comparisons; got {n_many}.": "一个 ZIP 可包含 1 至 {max_together} 个"
        "对比，现为 {n_many} 个。",
        "Repeats {repeat} and {other_repeat} are the same file.": "第 {repeat} 张与第 {other_repeat} 张是同一个文件。",
        "Repeats {repeat} and {other_repeat} look the same, so they count as one at best.": "第 {repeat} 张与第 "
        "{other_repeat} 张看起来一样，最多只能算一张。",
        "{width_px} × {height_px} pixels came; the vendor's table says {nominal_width_px} × "
        "{nominal_height_px} for {size} at {resolution}.": "实得 {width_px} × {height_px} 像素；厂商表格中 "
        "{size}、{resolution} 为 {nominal_width_px} × {nominal_height_px}。",
        "The two pictures have different sizes: {width_a_px} × {height_a_px} and {width_b_px} × "
        "{height_b_px} pixels.": "两张图片尺寸不同：{width_a_px} × {height_a_px} 与 {width_b_px} × "
        "{height_b_px} 像素。",
        "This picture looks the same as reference {number}: the edit seems to have changed "
        "nothing.": "这张图片与参考图 {number} 看起来一样：编辑似乎没有改变任何内容。",
    }
)
