-- wrk: GET, one request at a time, with a pause of 5 ms.
function delay() return 5 end

function done(summary, latency)
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.errors.status, latency:percentile(99)))
end
