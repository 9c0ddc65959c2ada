// What is used of the library: all of it, interfaces and proxies included, would be made at each start.
export { Message, MessageType, sessionBus } from '@jellybrick/dbus-next'
