package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/notify"
)

// announce tells the service manager that started this process that it is
// ready, and when ctx ends that it is stopping. The returned function waits
// until that was told. Without a service manager nothing happens. Caddy does
// the same for the gateway.
func announce(ctx context.Context, log *slog.Logger) (wait func()) {
	tell(log, notify.Ready)
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		tell(log, notify.Stopping)
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

func tell(log *slog.Logger, message func() error) {
	if err := message(); err != nil {
		log.Warn("the service manager cannot be told", slog.Any("error", err))
	}
}

// listen listens on a TCP address, or takes over the listener that a service
// manager has passed: "fd/3" is the first.
func listen(address string) (net.Listener, error) {
	number, passed := strings.CutPrefix(address, "fd/")
	if !passed {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, portError(address, err)
		}
		return listener, nil
	}
	fd, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("%s: want the number of a descriptor, such as fd/3", address)
	}
	file := os.NewFile(uintptr(fd), address)
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("%s is no listener that was passed to this process: %w", address, errors.Join(err, file.Close()))
	}
	return listener, file.Close()
}
