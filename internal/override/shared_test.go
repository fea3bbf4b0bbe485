package override

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

// follow opens overrides on a server, as a gateway does.
func follow(t *testing.T, client redis.UniversalClient, options SharedOptions) *Overrides {
	t.Helper()
	options.Follow = 10 * time.Millisecond
	overrides := Open(client, options)
	t.Cleanup(func() { _ = overrides.Close() })
	return overrides
}

// rateOf returns the rate that overrides give a key, 0 if none does.
func rateOf(o *Overrides, key string) int64 {
	found, _ := o.For(of(key))
	return found.Rate
}

func TestWhatIsSetThroughOneGatewayHoldsOnAnother(t *testing.T) {
	server := redistest.Start(t)
	first, second := follow(t, server.Client(), SharedOptions{}), follow(t, server.Client(), SharedOptions{})
	elsewhere := follow(t, server.Client(), SharedOptions{Prefix: "other"})
	set(t, first, Override{Target: of("alice"), Rate: 5, Reason: "a batch", By: "op"}, time.Hour)
	if rateOf(first, "alice") != 5 {
		t.Error("it is not in force where it was set")
	}
	eventually.True(t, "the other gateway knows it", func() bool { return rateOf(second, "alice") == 5 })
	if got := second.All()[0]; got.Reason != "a batch" || got.By != "op" || got.Since.IsZero() {
		t.Errorf("the other gateway knows %+v", got)
	}
	set(t, second, Override{Target: whole, Rate: 7}, time.Hour)
	eventually.True(t, "the first knows what the second has set", func() bool { return rateOf(first, "bob") == 7 })
	if before, had, err := second.Remove(t.Context(), of("alice")); err != nil || !had || before.Rate != 5 {
		t.Errorf("removed %+v, %v, %v", before, had, err)
	}
	eventually.True(t, "the first knows that it was removed", func() bool { return rateOf(first, "alice") == 7 })
	if all := elsewhere.All(); all != nil {
		t.Errorf("under another prefix: %+v", all)
	}
}

func TestAGatewayThatStartsLaterKnowsWhatWasSet(t *testing.T) {
	server := redistest.Start(t)
	first := follow(t, server.Client(), SharedOptions{})
	set(t, first, Override{Target: whole, Rate: 5}, time.Hour)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	later := follow(t, server.Client(), SharedOptions{})
	eventually.True(t, "the later one knows it", func() bool { return rateOf(later, "alice") == 5 })
}

func TestWithoutRedisTheLastKnownHoldUntilTheyEnd(t *testing.T) {
	server, now := redistest.Start(t), newClock()
	changes := make(chan error, 8)
	overrides := follow(t, server.Client(), SharedOptions{Clock: now.Now, OnChange: func(err error) { changes <- err }})
	set(t, overrides, Override{Target: whole, Rate: 5}, time.Hour)
	server.Kill()
	if err := <-changes; err == nil {
		t.Error("the first change is that Redis is back")
	}
	if rateOf(overrides, "alice") != 5 {
		t.Error("the override is gone with Redis")
	}
	one := Override{Target: whole, Rate: 6, Until: now.Now().Add(time.Hour)}
	if _, _, err := overrides.Set(t.Context(), one); err == nil || rateOf(overrides, "alice") != 5 {
		t.Errorf("it was changed without Redis: %v", err)
	}
	now.Advance(time.Hour)
	if rateOf(overrides, "alice") != 0 {
		t.Error("the override holds after its end")
	}
}

func TestARedisThatLostItsDataIsToldAgain(t *testing.T) {
	server := redistest.Start(t)
	first, second := follow(t, server.Client(), SharedOptions{}), follow(t, server.Client(), SharedOptions{})
	set(t, first, Override{Target: whole, Rate: 5}, time.Hour)
	eventually.True(t, "the other gateway knows it", func() bool { return rateOf(second, "alice") == 5 })
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "it is written down again", func() bool {
		return server.Client().HLen(t.Context(), first.shared.key).Val() == 2
	})
	later := follow(t, server.Client(), SharedOptions{})
	eventually.True(t, "a later gateway knows it", func() bool { return rateOf(later, "alice") == 5 })
	if rateOf(first, "alice") != 5 || rateOf(second, "alice") != 5 {
		t.Error("the gateways have forgotten it")
	}
}

func TestWhatOthersWriteToRedisStopsNothing(t *testing.T) {
	server, now := redistest.Start(t), newClock()
	overrides := follow(t, server.Client(), SharedOptions{Clock: now.Now})
	set(t, overrides, Override{Target: of("alice"), Rate: 5}, time.Hour)
	sane := Override{Target: whole, Rate: 9, Until: now.Now().Add(time.Hour)}
	forever, negative, elsewhere := sane, sane, sane
	forever.Until = now.Now().Add(100 * MaxLifetime)
	negative.Rate = -1
	elsewhere.Target = of("bob")
	hostile := map[string]string{
		"nonsense": "}{", "l 1m0s nokey": encode(elsewhere), "": "", "a": `{"window":"x"}`, "b": `{"window":"1m","key":"?"}`,
	}
	for _, one := range []Override{forever, negative} {
		hostile[fieldOf(one.Target)] = encode(one)
		hostile[versionField] = hostile[fieldOf(one.Target)]
		if err := server.Client().HSet(t.Context(), overrides.shared.key, hostile).Err(); err != nil {
			t.Fatal(err)
		}
		if err := overrides.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := overrides.All(); len(all) != 1 || all[0].Target != of("alice") {
			t.Errorf("in force: %+v", all)
		}
	}
	set(t, overrides, sane, time.Hour)
	if n := server.Client().HLen(t.Context(), overrides.shared.key).Val(); n != 3 {
		t.Errorf("%d fields are left, want two overrides and the version", n)
	}
}

func TestAnOverrideHoldsOnEveryKindOfRedis(t *testing.T) {
	cluster := redistest.StartCluster(t)
	options, err := redis.ParseURL(cluster.Masters[0].URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{options.Addr}})
	t.Cleanup(func() { _ = client.Close() })
	overrides := follow(t, client, SharedOptions{})
	set(t, overrides, Override{Target: whole, Rate: 5}, time.Hour)
	later := follow(t, client, SharedOptions{})
	eventually.True(t, "another gateway knows it", func() bool { return rateOf(later, "alice") == 5 })
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	now := newClock().Now()
	for _, o := range []Override{
		{Target: whole, Rate: 5, Since: now, Until: now.Add(time.Hour), Reason: `a "quote"`, By: "op"},
		{Target: of("alice"), Unlimited: true, Since: now, Until: now.Add(time.Hour)},
		{Target: Target{Limit: "l", Window: window.MaxWindow}, Since: now, Until: now.Add(MaxLifetime)},
	} {
		if got, err := decode(encode(o)); err != nil || got != o {
			t.Errorf("%+v, %v; want %+v", got, err, o)
		}
	}
}
