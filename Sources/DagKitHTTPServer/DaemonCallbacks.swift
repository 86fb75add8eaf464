import CMicroHTTPD
import DagKitCore

// The library's callbacks, all on its own thread. They are functions of the file: a closure could inherit an actor.

func handleAccess(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>?, _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let method, let count, let slot else { return dagkit_mhd_no() }
    let daemon = Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
    let isAlive: Bool
    if let known = slot.pointee {
        let exchange = Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
        if count.pointee > 0 {
            exchange.receive(UnsafeRawBufferPointer(start: data, count: count.pointee))
            count.pointee = 0
            isAlive = true
        } else {
            isAlive = daemon.proceed(exchange)
        }
    } else {
        // An answer on this first call would cost the client its connection: it is given on the second one.
        let handle = ConnectionHandle(pointer: connection)
        let exchange = daemon.headerArrived(handle, method: String(cString: method))
        slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
        isAlive = !exchange.isRefusedAtOnce || daemon.refuse(exchange, status: 413, "the body is too large\n")
    }
    return isAlive ? dagkit_mhd_yes() : dagkit_mhd_no()
}

func handleCompletion(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
    guard let context, let slot, let known = slot.pointee else { return }
    slot.pointee = nil
    let daemon = Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
    daemon.completed(Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue())
}

func handleConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection else { return }
    let daemon = Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
    let handle = ConnectionHandle(pointer: connection)
    if dagkit_mhd_is_start(code) != 0 { daemon.opened(handle) } else { daemon.table.closed(handle.key) }
}

func handleTarget(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let target, let connection else { return nil }
    let daemon = Unmanaged<Daemon>.fromOpaque(context).takeUnretainedValue()
    daemon.table.targetArrived(ConnectionHandle(pointer: connection).key, String(cString: target))
    return nil
}

func collectHeader(
    _ context: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind, _ name: UnsafePointer<CChar>?,
    _ value: UnsafePointer<CChar>?
) -> MHD_Result {
    guard let context, let name else { return dagkit_mhd_yes() }
    let collector = Unmanaged<HeaderCollector>.fromOpaque(context).takeUnretainedValue()
    let field = String(cString: name)
    if HTTPHeaders.isName(field) { collector.headers.append(field, value.map { String(cString: $0) } ?? "") }
    return dagkit_mhd_yes()
}

func readBodyChannel(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ target: UnsafeMutablePointer<CChar>?,
    _ limit: Int
) -> Int {
    guard let context, let target else { return dagkit_mhd_error() }
    return Unmanaged<BodyChannel>.fromOpaque(context).takeUnretainedValue().read(into: target, atMost: limit)
}

func releaseBodyChannel(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<BodyChannel>.fromOpaque(context).release()
}
