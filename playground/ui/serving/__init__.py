"""What stands between the internet and the page: routes, sizes, shapes, the password, host names, the webhook."""
