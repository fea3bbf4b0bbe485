// Package history shows that limits hold through faults: gateways that are
// processes of their own share a real Redis while it, the network and they
// themselves fail, and every window of what was admitted is checked, once as
// the clients saw it and once by Redis's own record.
package history
