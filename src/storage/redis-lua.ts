import { BASIS, FIND_SESSION, REMOVING, WRITING } from "./redis-lua-parts.js";

/**
 * The Lua of `redis-model-store.ts`. Each script is one atomic step on the keys of one partition,
 * all of which begin with `KEYS[1]`, and reads the first line of the values there
 * (`redis-record.ts`). Redis refuses a script as a whole when it may not write (replica, out of
 * memory): errors come before the first change.
 */
export const REDIS_SCRIPTS = {
  /** Name and revision of the record that this follows, or empty; records. 0 when that is not there. */
  latchkeyWrite: `${BASIS}${REMOVING}${WRITING}
if ARGV[1] ~= '' and revision(redis.call('GET', key(ARGV[1]))) ~= ARGV[2] then return 0 end
write_all(3)
return 1`,

  /**
   * Name, attempt, TTL in ms, value. 1 for whoever wrote, asked again too: the command may be resent
   * after a lost reply.
   */
  latchkeyInsertOnce: `
local k = KEYS[1] .. ':' .. ARGV[1]
if redis.call('SET', k, ARGV[4], 'PX', ARGV[3], 'NX') then return 1 end
local value = redis.call('GET', k)
if value and string.match(value, '^1 %S+ %S+ %S+ %S+ %S+ %S+ (%S+)\\n') == ARGV[2] then return 1 end
return 0`,

  /** Name, client id or empty. The record, its grant, its session. */
  latchkeyFindFamily: `${BASIS}${FIND_SESSION}
local value = redis.call('GET', key(ARGV[1]))
if not value then return false end
if forward(value) then return {value} end
local r = references(value)
local grant = r.grant
if ARGV[2] ~= '' then
  local parsed, session = pcall(cjson.decode, after_line(value, 1))
  local mine = parsed and type(session.authorizations) == 'table' and session.authorizations[ARGV[2]]
  grant = type(mine) == 'table' and type(mine.grantId) == 'string' and mine.grantId or '-'
end
return {
  value,
  grant ~= '-' and redis.call('GET', key('Grant:' .. grant)),
  r.session ~= '-' and find_session(r.session)
}`,

  /** Uid. */
  latchkeyFindSession: `${BASIS}${FIND_SESSION}
return find_session(ARGV[1])`,

  /** User code. The id and the record. */
  latchkeyFindDeviceCode: `
local id = redis.call('GET', KEYS[1] .. ':code:' .. ARGV[1])
if not id then return false end
return {id, redis.call('GET', KEYS[1] .. ':DeviceCode:' .. id)}`,

  /** Account. Ids and records by turns. */
  latchkeyListSessions: `${BASIS}
local found = {}
for _, name in ipairs(redis.call('ZRANGE', key('account:' .. ARGV[1]), 0, -1)) do
  local id = string.match(name, '^Session:(.*)$')
  local value = id and redis.call('GET', key(name))
  if value then
    found[#found + 1] = id
    found[#found + 1] = value
  end
end
return found`,

  /**
   * Account. Ids of grants, the grants and the latest `iat` of what hangs on each (or an empty
   * string), by turns.
   */
  latchkeyListGrants: `${BASIS}
local ISSUED = {AuthorizationCode = true, AccessToken = true, RefreshToken = true}
local function last_issued(grant)
  local latest = ''
  for _, name in ipairs(redis.call('ZRANGE', key('grant:' .. grant), 0, -1)) do
    local value = ISSUED[string.match(name, '^%a+')] and redis.call('GET', key(name))
    if value and not forward(value) then
      local parsed, payload = pcall(cjson.decode, after_line(value, 1))
      local iat = parsed and type(payload) == 'table' and tonumber(payload.iat)
      if iat and (latest == '' or iat > latest) then latest = iat end
    end
  end
  return tostring(latest)
end
local found = {}
for _, name in ipairs(redis.call('ZRANGE', key('account:' .. ARGV[1]), 0, -1)) do
  local id = string.match(name, '^Grant:(.*)$')
  local value = id and redis.call('GET', key(name))
  if value then
    found[#found + 1] = id
    found[#found + 1] = value
    found[#found + 1] = last_issued(id)
  end
end
return found`,

  /** Index, member, TTL in ms. */
  latchkeyJoin: `${BASIS}${REMOVING}${WRITING}
index(key(ARGV[1]), ARGV[2], ARGV[3])
return 1`,

  /** Uid. The id and the record. */
  latchkeyLocateSession: `${BASIS}
for _, id in ipairs(redis.call('ZREVRANGE', key('uid:' .. ARGV[1]), 0, -1)) do
  local value = redis.call('GET', key('Session:' .. id))
  if value then return {id, value} end
end
return false`,

  /** Name, attempt, epoch second, then records for the winner. 1, 0 or where the record lies. */
  latchkeyConsume: `${BASIS}${REMOVING}${WRITING}
local k = key(ARGV[1])
local value = redis.call('GET', k)
if not value then return 0 end
local partition = forward(value)
if partition then return '>' .. partition end
local r = references(value)
if r.at == '-' and r.by == ARGV[2] then return 0 end
if r.at ~= '-' and r.by ~= ARGV[2] then
  if r.grant ~= '-' then
    end_grant(r.grant)
    remove('Grant', r.grant)
  end
  return 0
end
write_all(4)
if r.at == '-' then
  redis.call('SET', k, line_of(r, ARGV[3], ARGV[2]) .. after_line(value, 0), 'KEEPTTL')
end
return 1`,

  /** Name, attempt, then models and ids by turns. Where the record lies, when elsewhere. */
  latchkeyWithdraw: `${BASIS}${REMOVING}
local k = key(ARGV[1])
local value = redis.call('GET', k)
if not value then return false end
local partition = forward(value)
if partition then return partition end
local r = references(value)
if r.at ~= '-' and r.by ~= ARGV[2] then return false end
redis.call('SET', k, line_of(r, '-', ARGV[2]) .. after_line(value, 0), 'KEEPTTL')
for at = 3, #ARGV, 2 do remove(ARGV[at], ARGV[at + 1]) end
return false`,

  /**
   * Model, id, partition, TTL in ms, user code. The record has been written where it now lies. 0 when it
   * lies in a third place, or was consumed where it was: the earlier decision counts.
   */
  latchkeyForward: `${BASIS}
local k = key(ARGV[1] .. ':' .. ARGV[2])
local value = redis.call('GET', k)
local moved = value and forward(value)
if moved and moved ~= ARGV[3] then return 0 end
if value and not moved and references(value).at ~= '-' then return 0 end
redis.call('SET', k, '1 > ' .. ARGV[3] .. '\\n', 'PX', ARGV[4])
if ARGV[5] ~= '-' then redis.call('SET', key('code:' .. ARGV[5]), ARGV[2], 'PX', ARGV[4]) end
return 1`,

  /** Model, id. Where the record lies, when elsewhere. */
  latchkeyDestroy: `${BASIS}${REMOVING}
return remove(ARGV[1], ARGV[2]) or false`,

  /** Grant. */
  latchkeyEndGrant: `${BASIS}${REMOVING}
end_grant(ARGV[1])
return 1`,
} as const;
