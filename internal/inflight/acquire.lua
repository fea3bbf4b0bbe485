-- Takes a slot of each demand in one atomic step, or none.
--
-- KEYS[i]  the slots of demand i: a sorted set of ids by when they expire (ms)
-- ARGV     the lease (ms), then three for each demand: how many slots there are,
--          the id of the one to take, and 1 for a shadow, which never refuses
-- returns  two for each demand: refused (0 or 1), and how many are held

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = tonumber(ARGV[1])

local function held(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  -- If the clock has stepped back, slots that nobody renews would stay for long.
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now + lease, '+inf')) do
    redis.call('ZADD', key, now + lease, id)
  end
  return redis.call('ZCARD', key)
end

local demands, allowed = {}, true
for i = 1, #KEYS do
  local a = 3 * i - 1
  local d = {held = held(KEYS[i]), id = ARGV[a + 1]}
  d.refused = d.held >= tonumber(ARGV[a])
  if d.refused and ARGV[a + 2] ~= '1' then allowed = false end
  demands[i] = d
end

local reply = {}
for i, d in ipairs(demands) do
  if allowed and not d.refused then
    redis.call('ZADD', KEYS[i], now + lease, d.id)
    redis.call('PEXPIRE', KEYS[i], lease + 1000)
    d.held = d.held + 1
  end
  reply[#reply + 1] = d.refused and 1 or 0
  reply[#reply + 1] = d.held
end
return reply
