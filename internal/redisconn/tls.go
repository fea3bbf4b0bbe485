package redisconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// tlsFiles are PEM files for connections over TLS. They are read for each
// connection, so that renewed ones need no reload.
type tlsFiles struct {
	// ca has the authorities that the server's certificate may be from; "" means
	// those of the system.
	ca string
	// cert and key show the server who the gateway is.
	cert, key string
}

func (f tlsFiles) validate(config *tls.Config) error {
	switch {
	case f == tlsFiles{}:
		return nil
	case config == nil:
		return errors.New("parameters tls_ca, tls_cert and tls_key are for connections over TLS: write rediss://")
	case (f.cert == "") != (f.key == ""):
		return errors.New("parameters tls_cert and tls_key need each other")
	}
	return f.addTo(config.Clone())
}

func (f tlsFiles) addTo(config *tls.Config) error {
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return fmt.Errorf("parameter tls_ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("parameter tls_ca: %s has no certificate in PEM", f.ca)
		}
	}
	if f.cert != "" {
		certificate, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return fmt.Errorf("parameters tls_cert and tls_key: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return nil
}

// encrypt makes a connection to the address one over TLS, within the timeout.
func (f tlsFiles) encrypt(ctx context.Context, plain net.Conn, addr string, base *tls.Config, timeout time.Duration) (net.Conn, error) {
	config := base.Clone()
	if err := f.addTo(config); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, errors.Join(err, plain.Close())
		}
		config.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	encrypted := tls.Client(plain, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return encrypted, nil
}
