-- ARGV: now. Writes: a PING would not show a full server or a replica.
call('SET', key('probe'), 1)
return { 'ok' }
