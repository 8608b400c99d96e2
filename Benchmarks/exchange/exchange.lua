-- wrk: exchanges the tokens of the file TOKENS in turn; pauses DELAY milliseconds between a connection's requests.
local tokens, at, pause = {}, 0, tonumber(os.getenv("DELAY") or "0")
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

function delay() return pause end

function request()
  at = at % #tokens + 1
  return wrk.format(nil, nil, nil, "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
    .. "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token=" .. tokens[at])
end

function done(summary, latency)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, errors, latency:percentile(99)))
end
