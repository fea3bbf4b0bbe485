package upstream

import (
	"testing"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
)

func TestMain(m *testing.M) { edgetest.VerifyTestMain(m) }
