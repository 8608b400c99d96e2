-- wrk: the exchanges of exchange.lua, with pauses of up to twice DELAY milliseconds by chance, so that connections do not
-- ask all at once. EXCHANGE is that file's path.
dofile(os.getenv("EXCHANGE"))
local pause = tonumber(os.getenv("DELAY") or "0")

function init() math.randomseed(tonumber(tostring({}):match("0x(%x+)"), 16) % 2147483647) end

function delay() return pause > 0 and math.random(0, 2 * pause) or 0 end
