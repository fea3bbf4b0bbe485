-- ARGV: now, share, id of the job before or '', limit
local below = '+inf'
if ARGV[3] ~= '' then
  if not owned(ARGV[3], ARGV[2]) then return { 'none' } end
  below = '(' .. call('HGET', key('job', ARGV[3]), 'number')
end
local reply = { 'ok' }
for _, id in ipairs(call('ZREVRANGEBYSCORE', key('list', ARGV[2]), below, '-inf', 'LIMIT', 0, ARGV[4])) do
  reply[#reply + 1] = describe(id)
end
return reply
