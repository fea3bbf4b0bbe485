-- A bucket of tokens that fills at a steady rate: the generic cell rate
-- algorithm (ITU-T I.371, annex A). Its hash has
--
--   a       when the bucket is full again (µs), the "theoretical arrival time"
--
-- Here rate, cost and total are times: what the bucket needs to be filled from
-- empty, by the cost, and from now on.

local token_bucket = {}
algorithms['2'] = token_bucket
local tokens = {}

-- The key lasts a minute longer than it must: the clock may step back.
function tokens.save(w)
  redis.call('HSET', w.key, 'a', string.format(WHOLE, w.now + w.total))
  redis.call('PEXPIRE', w.key, string.format(WHOLE, math.ceil(w.total / 1000) + 60000))
end

function token_bucket.open(w)
  w.now = server_now
  w.total = math.max(0, tonumber(redis.call('HGET', w.key, 'a') or 0) - w.now)
end

function token_bucket.add(w, cost)
  w.total = w.total + cost
  tokens.save(w)
end

-- width: what the bucket needed to be filled by the charge. Nothing is given back
-- that has come back since by itself: the bucket may have been full meanwhile,
-- and others have drawn on that.
function token_bucket.settle(w, at, units)
  units = math.max(units, -math.max(0, at + w.width - w.now))
  if units == 0 or units < 0 and w.total == 0 then return end
  w.total = math.max(0, w.total + units)
  tokens.save(w)
end

function token_bucket.reset(w)
  return w.total
end

function token_bucket.wait(w)
  return w.total + w.cost - w.rate
end
