// Makes the gateway listen on the loopback address only. It has no setting for that, and would listen on every address.
import net from "node:net";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, _host, ...others) {
  return listen.call(this, port, "127.0.0.1", ...others);
};
