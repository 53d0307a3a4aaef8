/** Lua functions that the scripts of `redis-lua.ts` begin with, as far as they need them. */

/** Keys and the first line of values. */
export const BASIS = `
local root = KEYS[1]

local function key(name) return root .. ':' .. name end

local function forward(value) return string.match(value, '^1 > (%S+)') end

local function references(value)
  local g, s, u, a, c, at, by = string.match(value, '^1 (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)\\n')
  if not g then error({err = 'LATCHKEY record_unreadable'}) end
  return {grant = g, session = s, uid = u, account = a, code = c, at = at, by = by}
end

local function line_of(r, at, by)
  return table.concat({'1', r.grant, r.session, r.uid, r.account, r.code, at, by}, ' ')
end

local function after_line(value, offset)
  return string.sub(value, (string.find(value, '\\n', 1, true)) + offset)
end
`;

/** Takes records and their index entries away. */
export const REMOVING = `
local function unindex(model, id, r)
  local name = model .. ':' .. id
  if r.grant ~= '-' then redis.call('ZREM', key('grant:' .. r.grant), name) end
  if r.account ~= '-' then redis.call('ZREM', key('account:' .. r.account), name) end
  if r.uid ~= '-' then redis.call('ZREM', key('uid:' .. r.uid), id) end
  if r.code ~= '-' and redis.call('GET', key('code:' .. r.code)) == id then
    redis.call('UNLINK', key('code:' .. r.code))
  end
end

local function remove(model, id)
  local k = key(model .. ':' .. id)
  local value = redis.call('GET', k)
  if not value then return end
  local partition = forward(value)
  if not partition then unindex(model, id, references(value)) end
  redis.call('UNLINK', k)
  return partition
end

local function end_grant(grant)
  local k = key('grant:' .. grant)
  for _, name in ipairs(redis.call('ZRANGE', k, 0, -1)) do redis.call('UNLINK', key(name)) end
  redis.call('UNLINK', k)
end
`;

/** Writes records and their index entries, all or none. */
export const WRITING = `
local function revision(value)
  if not value or forward(value) then return end
  local parsed, payload = pcall(cjson.decode, after_line(value, 1))
  return parsed and type(payload) == 'table' and payload.revision
end

local FIELDS = 10
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- An index lives as long as the longest-lived of its members.
local function outlive(k, left, ttl)
  if ttl == '' then
    if left >= 0 then redis.call('PERSIST', k) end
  elseif left ~= -1 and left < tonumber(ttl) then
    redis.call('PEXPIRE', k, ttl)
  end
end

-- Scores are the times at which members expire, so that old ones go with the next write.
local function index(k, member, ttl)
  local left = redis.call('PTTL', k)
  if left ~= -2 then redis.call('ZREMRANGEBYSCORE', k, '-inf', now) end
  redis.call('ZADD', k, ttl == '' and 'inf' or now + ttl, member)
  outlive(k, left, ttl)
end

-- Scores are the times of writing: the last one counts.
local function index_uid(k, id, ttl)
  local left = redis.call('PTTL', k)
  if left ~= -2 then
    for _, other in ipairs(redis.call('ZRANGE', k, 0, -1)) do
      if redis.call('EXISTS', key('Session:' .. other)) == 0 then redis.call('ZREM', k, other) end
    end
  end
  redis.call('ZADD', k, now, id)
  outlive(k, left, ttl)
end

local function record_at(at)
  return {
    model = ARGV[at], id = ARGV[at + 1], ttl = ARGV[at + 2], replaces = ARGV[at + 3],
    grant = ARGV[at + 4], session = ARGV[at + 5], uid = ARGV[at + 6], account = ARGV[at + 7],
    code = ARGV[at + 8], json = ARGV[at + 9]
  }
end

local function assert_code_free(r)
  if r.code == '-' then return end
  local holder = redis.call('GET', key('code:' .. r.code))
  if holder and holder ~= r.id and redis.call('EXISTS', key(r.model .. ':' .. holder)) == 1 then
    error({err = 'LATCHKEY user_code_taken'})
  end
end

local function write(r)
  local name = r.model .. ':' .. r.id
  local at, by = '-', '-'
  if r.replaces ~= '' then remove(r.model, r.replaces) end
  local old = redis.call('GET', key(name))
  -- It lies elsewhere by now: this was made from what it was before.
  if old and forward(old) then return end
  if old then
    local was = references(old)
    at, by = was.at, was.by
    if was.grant ~= r.grant or was.uid ~= r.uid or was.account ~= r.account or was.code ~= r.code then
      unindex(r.model, r.id, was)
    end
  end
  local value = line_of(r, at, by) .. '\\n' .. r.json
  if r.ttl == '' then redis.call('SET', key(name), value)
  else redis.call('SET', key(name), value, 'PX', r.ttl) end
  if r.grant ~= '-' then index(key('grant:' .. r.grant), name, r.ttl) end
  if r.account ~= '-' then index(key('account:' .. r.account), name, r.ttl) end
  if r.uid ~= '-' then index_uid(key('uid:' .. r.uid), r.id, r.ttl) end
  if r.code ~= '-' then redis.call('SET', key('code:' .. r.code), r.id, 'PX', r.ttl) end
end

local function write_all(from)
  for at = from, #ARGV, FIELDS do assert_code_free(record_at(at)) end
  for at = from, #ARGV, FIELDS do write(record_at(at)) end
end
`;

export const FIND_SESSION = `
local function find_session(uid)
  for _, id in ipairs(redis.call('ZREVRANGE', key('uid:' .. uid), 0, -1)) do
    local value = redis.call('GET', key('Session:' .. id))
    if value then return value end
  end
  return false
end
`;
