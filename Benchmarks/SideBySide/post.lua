-- SPDX-License-Identifier: MIT
-- For wrk: a form.
wrk.method = "POST"
wrk.body = "name=Ada+Lovelace&age=36"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
