-- ARGV: now, keep. Ends or forgets the job that expired first.
local at = now()
local id = call('ZRANGEBYSCORE', key('expiry'), '-inf', '(' .. string.format('%.0f', at), 'LIMIT', 0, 1)[1]
if id then
  local fields = call('HMGET', key('job', id), 'finished', 'share', 'key')
  if not fields[1] then
    drop(id, at, ARGV[2])
  else
    call('UNLINK', key('job', id), key('results', id), key('failed', id))
    call('ZREM', key('list', fields[2]), id)
    call('ZREM', key('expiry'), id)
    if fields[3] ~= '' then call('HDEL', key('keys', fields[2]), fields[3]) end
  end
  return { 'ok', 'more' }
end
-- Those who have nothing open need no turn.
local open = call('HGETALL', key('open'))
for i = 1, #open, 2 do
  if open[i + 1] == '0' then
    call('HDEL', key('open'), open[i])
    call('HDEL', key('running'), open[i])
    call('HDEL', key('served'), open[i])
  end
end
return { 'ok' }
