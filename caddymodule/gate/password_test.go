package gate

import "testing"

func TestAPasswordOfRedisIsFoundInItsAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"redis://h:1":                                              false,
		"redis://user@h:1":                                         false,
		"redis://user:secret@h:1":                                  true,
		"redis://:{env.REDIS_PASSWORD}@h:1":                        false,
		"redis://:se{env.REST}@h:1":                                true,
		"redis://{file./run/secrets/redis}":                        false,
		"redis://h:1?master=m&sentinel_password=secret":            true,
		"redis://h:1?sentinel_password={env.SENTINEL}&master=m":    false,
		"redis://:{env.A}@h:1?sentinel_user=u&master=m&pool_size=": false,
	} {
		if got := spellsOutPassword(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}
