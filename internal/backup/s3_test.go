package backup_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/odordiff/odordiff/internal/backup"
)

// service is an S3 service that can be made to fail.
type service struct {
	url    string
	answer atomic.Pointer[http.HandlerFunc] // nil: the service itself
}

func (s *service) instead(answer http.HandlerFunc) { s.answer.Store(&answer) }

func newService(t *testing.T) *service {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test-key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
	storage := s3mem.New()
	if err := storage.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	s, fake := new(service), gofakes3.New(storage).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := s.answer.Load(); answer != nil {
			(*answer)(w, r)
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *service) bucket(t *testing.T, name string) backup.Target {
	t.Helper()
	return open(t, "s3://"+name+"/gateway?region=test&endpoint="+url.QueryEscape(s.url))
}

// refuse answers as S3 does.
func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>no</Message></Error>"))
	}
}

func TestAnErrorOfS3SaysWhatToDo(t *testing.T) {
	for code, want := range map[string]struct {
		status int
		advice string
	}{
		"NoSuchBucket":          {404, "make the bucket, or mend its name"},
		"AccessDenied":          {403, "allow the credentials to list, read, write and delete"},
		"InvalidAccessKeyId":    {403, "check AWS_ACCESS_KEY_ID"},
		"SignatureDoesNotMatch": {403, "check AWS_SECRET_ACCESS_KEY"},
		"RequestTimeTooSkewed":  {403, "set this machine's clock"},
	} {
		t.Run(code, func(t *testing.T) {
			s := newService(t)
			s.instead(refuse(want.status, code))
			r := machine(t, s.bucket(t, "backups"))
			_, err := r.Take(t.Context(), sources(state(t))...)
			if err == nil || !strings.Contains(err.Error(), want.advice) {
				t.Errorf("error %v, want %q", err, want.advice)
			}
			if err != nil && strings.Contains(err.Error(), "test-secret") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestAMissingBucketIsTold(t *testing.T) {
	s := newService(t)
	r := machine(t, s.bucket(t, "elsewhere"))
	if _, err := r.Take(t.Context()); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("error %v", err)
	}
}

// TestAThrottledServiceIsTriedAgain has every second request refused.
func TestAThrottledServiceIsTriedAgain(t *testing.T) {
	s := newService(t)
	storage := s3mem.New()
	if err := storage.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	slowDown, fake := refuse(http.StatusServiceUnavailable, "SlowDown"), gofakes3.New(storage).Server()
	s.instead(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%2 == 0 {
			slowDown(w, r)
			return
		}
		fake.ServeHTTP(w, r)
	})
	target := s.bucket(t, "backups")
	dir, to := t.TempDir(), t.TempDir()
	write(t, dir, "keyring.json", []byte("x"))
	result := take(t, machine(t, target), dir)
	if _, err := stranger(target).Restore(t.Context(), result.ID, to); err != nil {
		t.Fatal(err)
	}
	if got := files(t, to)["keyring.json"]; !strings.HasSuffix(got, "x") {
		t.Errorf("restored %q", got)
	}
}

func TestAServiceThatHangsIsGivenUp(t *testing.T) {
	s := newService(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.instead(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := machine(t, s.bucket(t, "backups")).Take(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestABackupThatBreaksOffLeavesNoSnapshot has the service vanish after some
// requests. What is listed can be restored.
func TestABackupThatBreaksOffLeavesNoSnapshot(t *testing.T) {
	for after := range 4 {
		s := newService(t)
		target := s.bucket(t, "backups")
		dir := state(t)
		ctx, cancel := context.WithCancel(t.Context())
		r := machine(t, breaking{target, new(atomic.Int64), int64(after), cancel})
		if _, err := r.Take(ctx, sources(dir)...); err == nil {
			t.Errorf("after %d contents: no error", after)
		}
		if heads, err := stranger(target).List(t.Context()); err != nil || len(heads) != 0 {
			t.Errorf("after %d contents: %v, %v", after, heads, err)
		}
		r.Target = target
		result := take(t, r, dir)
		if _, err := stranger(target).Restore(t.Context(), result.ID, t.TempDir()); err != nil {
			t.Errorf("after %d contents: %v", after, err)
		}
	}
}
