// Portkey's gateway listens on all addresses and has no option for fewer. With
// `node --require` this file keeps it on loopback.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, _host, ready) {
  return listen.call(this, port, '127.0.0.1', ready);
};
