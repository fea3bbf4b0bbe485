-- Says that a node is there, and counts those that are.
--
-- KEYS[1]  the nodes, by when they were last there (ms)
-- ARGV     the node, and for how long a node counts (ms)
-- returns  how many there are

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
