-- What all scripts begin with. Each algorithm is a table of functions on w, the
-- window of one key:
--
--   open(w)        reads it, and sets now and total
--   add(w, cost)   charges the cost now
--   settle(w, at, units)  adds to what was charged at a time, or takes from it
--   reset(w)       when something of it comes back (µs from now)
--   wait(w)        when the cost fits if nothing else comes (µs from now)
--
-- w has the key, rate, cost, width (µs) and lifetime (ms). A cost fits if it is
-- no more than rate - total.

local algorithms = {} -- by their number
local WHOLE = '%.0f' -- plain tostring would round times to 14 digits
local MOST = 999999999999999 -- no window counts more

local clock = redis.call('TIME')
local server_now = clock[1] * 1000000 + clock[2]
