-- Says that a node holds slots, still or again, or that it does no longer.
--
-- KEYS     slots, as in acquire.lua
-- ARGV     the lease (ms), and 1 if the slots are held; then for each key: how
--          many ids follow, and those
-- returns  nothing

local clock = redis.call('TIME')
local expires = clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[1]
local held = ARGV[2] == '1'
local at = 3
for _, key in ipairs(KEYS) do
  local last = at + ARGV[at]
  for i = at + 1, last do
    if held then
      redis.call('ZADD', key, expires, ARGV[i])
    else
      redis.call('ZREM', key, ARGV[i])
    end
  end
  if held then redis.call('PEXPIRE', key, ARGV[1] + 1000) end
  at = last + 1
end
return {}
