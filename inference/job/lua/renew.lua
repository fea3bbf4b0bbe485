-- ARGV: now, lease, length of a lease, and names and stamps of items
local reply, till = { 'ok' }, now() + ARGV[3]
for i = 4, #ARGV, 2 do
  if held(ARGV[i], ARGV[2], ARGV[i + 1]) then
    call('ZADD', key('leases'), till, ARGV[i])
  else
    reply[#reply + 1] = ARGV[i]
  end
end
return reply
