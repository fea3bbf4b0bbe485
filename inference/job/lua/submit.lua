-- ARGV: now, id, share, key, digest, shared, priority, keep, most open items
-- of a principal and of all, most jobs of a principal, payloads
local id, share, known, digest = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if known ~= '' then
  local earlier = call('HGET', key('keys', share), known)
  if earlier then
    if call('HGET', key('job', earlier), 'digest') ~= digest then return { 'reused' } end
    return { 'ok', describe(earlier) }
  end
end
local total, depth = #ARGV - 11, call('HMGET', key('depth'), 'waiting', 'running')
if (call('HGET', key('open'), share) or 0) + total > tonumber(ARGV[9]) then return { 'share' } end
if call('ZCARD', key('list', share)) >= tonumber(ARGV[11]) then return { 'jobs' } end
if (depth[1] or 0) + (depth[2] or 0) + total > tonumber(ARGV[10]) then return { 'full' } end

local at, priority = now(), ARGV[7]
local expires = at + ARGV[8]
local first = call('INCRBY', key('seq'), total) - total + 1
call('HSET', key('job', id), 'share', share, 'key', known, 'digest', digest, 'shared', ARGV[6], 'priority', priority,
  'number', first, 'created', at, 'expires', expires, 'total', total, 'waiting', total,
  'running', 0, 'done', 0, 'failed', 0, 'dropped', 0)
call('ZADD', key('list', share), first, id)
call('ZADD', key('expiry'), expires, id)
if known ~= '' then call('HSET', key('keys', share), known, id) end
for i = 1, total do
  local item = name(first + i - 1)
  call('HSET', key('item', item), 'job', id, 'position', i - 1, 'share', share, 'priority', priority, 'attempts', 0,
    'abandoned', 0, 'payload', ARGV[11 + i])
  call('ZADD', key('ready', share), -priority, item)
end
call('HINCRBY', key('depth'), 'waiting', total)
call('HINCRBY', key('open'), share, total)
place(share)
say('')
return { 'ok', describe(id) }
