-- wrk: exchanges the tokens of the file TOKENS in turn, from the number START on; pauses DELAY milliseconds between a
-- connection's requests. The second thread begins in the middle, so that both send different tokens.
local tokens, at, pause = {}, 0, tonumber(os.getenv("DELAY") or "0")
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

local threads = 0
function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

function init() at = tonumber(os.getenv("START") or "0") + thread_number * math.floor(#tokens / 2) end

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
