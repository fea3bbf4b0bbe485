-- ARGV: now, lease, how many, length of a lease, how often an item may be
-- abandoned, keep, result of what is given up, whether leases may be over, and
-- the names and stamps of the items in hand
local lease, at, hand = ARGV[2], now(), {}
for i = 9, #ARGV, 2 do hand[ARGV[i]] = ARGV[i + 1] end

-- reclaim takes an item back that nobody renewed: whoever had it is gone. What
-- is in the caller's hands stays there, however late its renewal is: the process
-- may have stood still. What the caller took and does not have was never begun,
-- for the answer was lost.
local function reclaim(item)
  local fields = call('HMGET', key('item', item), 'lease', 'attempts', 'abandoned', 'job')
  if fields[1] ~= lease then
    if fields[3] + 1 >= tonumber(ARGV[5]) then return settle(item, 'failed', ARGV[7], at, ARGV[6]) end
    call('HINCRBY', key('item', item), 'abandoned', 1)
    back(item)
  elseif hand[item] ~= stamp(fields[2], fields[4]) then
    call('HINCRBY', key('item', item), 'attempts', -1)
    back(item)
  end
end

-- begin leases an item. That was its principal's turn.
local function begin(item)
  local fields = call('HMGET', key('item', item), 'job', 'share', 'position', 'payload')
  local id, share = fields[1], fields[2]
  local attempt = call('HINCRBY', key('item', item), 'attempts', 1)
  call('HSET', key('item', item), 'lease', lease)
  call('ZREM', key('apart'), item)
  call('ZREM', key('ready', share), item)
  call('ZADD', key('leases'), at + ARGV[4], item)
  call('HSET', key('served'), share, call('INCR', key('turn')))
  shift(id, share, 'waiting', 'running')
  place(share)
  return { item, id, fields[3], attempt, call('HGET', key('job', id), 'shared'), fields[4] }
end

-- due returns the item whose turn it is.
local function due()
  local share = call('ZRANGE', key('turns'), 0, 0)[1]
  return share and call('ZRANGE', key('ready', share), 0, 0)[1]
end

-- Items whose lease ran out are taken back, and those whose time has come are
-- made ready.
if ARGV[8] == '1' then
  local before = '(' .. string.format('%.0f', at)
  for _, item in ipairs(call('ZRANGEBYSCORE', key('leases'), '-inf', before, 'LIMIT', 0, 1000)) do reclaim(item) end
end
for _, item in ipairs(call('ZRANGEBYSCORE', key('delayed'), '-inf', at, 'LIMIT', 0, 1000)) do
  call('ZREM', key('delayed'), item)
  ready(item)
end

-- An item with which a process ended runs alone, so that this one ends alone if
-- the item ends it again.
local busy, alone = false, false
for item, stamped in pairs(hand) do
  if held(item, lease, stamped) then
    busy = true
    alone = alone or call('HGET', key('item', item), 'abandoned') ~= '0'
  end
end
if alone then return { 'ok', 'apart' } end
local suspect = call('ZRANGE', key('apart'), 0, 0)[1]
if suspect and (busy or ARGV[3] == '0') then return { 'ok', 'apart' } end
if suspect then return { 'ok', 'apart', begin(suspect) } end

local reply = { 'ok', '' }
for _ = 1, tonumber(ARGV[3]) do
  local item = due()
  if not item then break end
  reply[#reply + 1] = begin(item)
end
return reply
