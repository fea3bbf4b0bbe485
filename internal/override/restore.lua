-- Writes the overrides down again, if the server has lost them.
--
-- KEYS[1]  their hash
-- ARGV     its lifetime (ms), then the fields and their values
-- returns  1 if it did, 0 if there is such a hash

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 2, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
