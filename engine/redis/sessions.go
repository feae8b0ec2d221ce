package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sessions keeps the sessions of a tenant by token, and which of them are one
// user's. It is a session.Shared.
type Sessions struct {
	client *Client
	tenant string
}

// Sessions returns the sessions of a tenant.
func (c *Client) Sessions(tenant string) *Sessions { return &Sessions{c, tenant} }

// save writes a session if it is in the expected version, and notes it with
// its user: keys of session and user; version ("" any, "0" none), value, life
// in milliseconds, time of the end, token. A user's list lives as long as its
// last session.
var save = redis.NewScript(`
if ARGV[1] ~= '' then
  local now = redis.call('GET', KEYS[1])
  local version = now and string.match(now, '^(%d+) ') or '0'
  if version ~= ARGV[1] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 1`)

// AnyVersion makes Save write whatever is there.
const AnyVersion = -1

// Save stores a session for life, under a token of a user. version is the one
// that is to be replaced: 0 none, AnyVersion any; the value becomes the
// version next. saved is false when another version is there.
func (s *Sessions) Save(ctx context.Context, token, user string, version int64, next uint64, value []byte, life time.Duration) (saved bool, err error) {
	expected := ""
	if version != AnyVersion {
		expected = strconv.FormatInt(version, 10)
	}
	stored := strconv.FormatUint(next, 10) + " " + string(value)
	n, err := save.Run(ctx, s.client.client, []string{s.session(token), s.user(user)},
		expected, stored, max(life.Milliseconds(), 1), time.Now().Add(life).UnixMilli(), token).Int()
	if err != nil {
		return false, fmt.Errorf("redis: %w", err)
	}
	return n == 1, nil
}

// Load returns a session and its version; found is false when there is none.
func (s *Sessions) Load(ctx context.Context, token string) (value []byte, version uint64, found bool, err error) {
	stored, err := s.client.client.Get(ctx, s.session(token)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, 0, false, nil
	case err != nil:
		return nil, 0, false, fmt.Errorf("redis: %w", err)
	}
	return split(stored)
}

func split(stored string) (value []byte, version uint64, found bool, err error) {
	number, rest, ok := strings.Cut(stored, " ")
	version, err = strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return nil, 0, false, errors.New("redis: a session that is not one")
	}
	return []byte(rest), version, true, nil
}

// Drop removes a session; one that is not there is no error.
func (s *Sessions) Drop(ctx context.Context, token, user string) error {
	_, err := s.client.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, s.session(token))
		p.ZRem(ctx, s.user(user), token)
		return nil
	})
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}

// OfUser returns the tokens of a user's sessions.
func (s *Sessions) OfUser(ctx context.Context, user string) ([]string, error) {
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	var list *redis.StringSliceCmd
	_, err := s.client.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZRemRangeByScore(ctx, s.user(user), "-inf", now)
		list = p.ZRange(ctx, s.user(user), 0, -1)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return list.Val(), nil
}

func (s *Sessions) session(token string) string { return s.client.key(s.tenant, "session", token) }
func (s *Sessions) user(id string) string       { return s.client.key(s.tenant, "sessions-of", id) }
