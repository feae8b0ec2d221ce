wrk.method = "POST"
wrk.body = '{"email":"alice@example.com","password":"correct-horse-1"}'
wrk.headers["content-type"] = "application/json"
