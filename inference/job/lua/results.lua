-- ARGV: now, share, id, after, limit, whether only failed ones, most bytes
local id, after, limit, room = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[7])
if not owned(id, ARGV[2]) then return { 'none' } end
local reply, sequences = { 'ok', describe(id) }, {}
if ARGV[6] == '1' then
  sequences = call('ZRANGEBYSCORE', key('failed', id), '(' .. after, '+inf', 'LIMIT', 0, limit)
else
  local counts = call('HMGET', key('job', id), 'done', 'failed')
  for sequence = after + 1, math.min(after + limit, (counts[1] or 0) + (counts[2] or 0)) do
    sequences[#sequences + 1] = sequence
  end
end
for _, sequence in ipairs(sequences) do
  local result = call('HGET', key('results', id), sequence)
  reply[#reply + 1] = sequence .. ' ' .. result
  room = room - #result
  if room <= 0 then break end
end
return reply
