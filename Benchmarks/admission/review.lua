-- wrk: posts the review of the file REVIEW; pauses up to twice DELAY milliseconds between a connection's requests, by
-- chance, so that connections do not ask all at once.
local file = assert(io.open(os.getenv("REVIEW"), "rb"))
local body = file:read("*a")
file:close()
local pause = tonumber(os.getenv("DELAY") or "0")

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = body

function init() math.randomseed(tonumber(tostring({}):match("0x(%x+)"), 16) % 2147483647) end

function delay() return pause > 0 and math.random(0, 2 * pause) or 0 end

function done(summary, latency)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, errors, latency:percentile(50), latency:percentile(99)))
end
