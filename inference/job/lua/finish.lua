-- ARGV: now, lease, name and stamp of an item, state, body, keep, whether it may
-- be tried again, most attempts, and wait for the second one
local item = ARGV[3]
if not held(item, ARGV[2], ARGV[4]) then return { 'lost' } end
local fields = call('HMGET', key('item', item), 'job', 'attempts', 'abandoned')
local tried = fields[2] - fields[3]
if ARGV[8] == '1' and tried < tonumber(ARGV[9]) then
  back(item, now() + ARGV[10] * 2 ^ math.min(tried - 1, 10))
  say(fields[1])
else
  settle(item, ARGV[5], ARGV[6], now(), ARGV[7])
end
return { 'ok' }
