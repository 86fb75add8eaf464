/// The machines of open runs, by run: a dictionary of values that are too large to be copied to be read.
///
/// Each lies in a box of its own, which copies of the collection share until one of them changes it.
struct RunMachines: Sendable {
    // Sendable: a box is changed only by a collection that holds the one reference to it.
    private final class Box: @unchecked Sendable {
        var machine: RunMachine
        init(_ machine: RunMachine) { self.machine = machine }

        /// Hands the machine over in its place: a value that is only read would be copied first.
        @inline(__always)
        func read<Value>(_ body: (inout RunMachine) -> Value) -> Value { body(&machine) }
    }

    private var boxes: [RunKey: Box] = [:]

    var count: Int { boxes.count }

    /// All machines, in no order.
    var values: some Sequence<RunMachine> { boxes.values.lazy.compactMap(\.machine) }

    func contains(_ key: RunKey) -> Bool { boxes[key] != nil }

    /// A copy of a machine; ``read(_:_:)`` and ``update(_:_:)`` make none.
    subscript(key: RunKey) -> RunMachine? { boxes[key]?.machine }

    /// Puts a machine in the place of the one of its run.
    mutating func insert(_ machine: RunMachine) { boxes[machine.run.key] = Box(machine) }

    /// Removes a machine; false if there is none.
    @discardableResult
    mutating func remove(_ key: RunKey) -> Bool { boxes.removeValue(forKey: key) != nil }

    /// What `body` reads of a machine in its place; `nil` if there is none.
    ///
    /// It changes nothing, and reads no other machine meanwhile.
    @inline(__always)
    func read<Value>(_ key: RunKey, _ body: (inout RunMachine) -> Value) -> Value? { boxes[key]?.read(body) }

    /// Changes a machine in its place; `nil` if there is none.
    @discardableResult
    mutating func update<Value>(_ key: RunKey, _ body: (inout RunMachine) -> Value) -> Value? {
        guard boxes[key] != nil else { return nil }
        if !isKnownUniquelyReferenced(&boxes[key]!) { boxes[key] = Box(boxes[key]!.machine) }
        return body(&boxes[key]!.machine)
    }
}
