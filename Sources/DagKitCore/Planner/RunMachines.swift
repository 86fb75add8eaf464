/// The machines of open runs, by run: a dictionary of values that are too large to be copied to be read.
///
/// Each lies in a box of its own, which copies of the collection share until one of them changes it.
struct RunMachines: Sendable {
    // Sendable: a box is changed only by a collection that holds the one reference to it.
    private final class Box: @unchecked Sendable {
        var machine: RunMachine?
        init(_ machine: RunMachine?) { self.machine = machine }
    }

    private var boxes: [RunKey: Box] = [:]

    var count: Int { boxes.count }

    /// All machines, in no order.
    var values: some Sequence<RunMachine> { boxes.values.lazy.compactMap(\.machine) }

    func contains(_ key: RunKey) -> Bool { boxes[key] != nil }

    subscript(key: RunKey) -> RunMachine? {
        _read {
            if let box = boxes[key] { yield box.machine } else { yield nil }
        }
        _modify {
            guard boxes[key] != nil else {
                var machine: RunMachine?
                defer { if let machine { boxes[key] = Box(machine) } }
                yield &machine
                return
            }
            if !isKnownUniquelyReferenced(&boxes[key]!) { boxes[key] = Box(boxes[key]!.machine) }
            defer { if boxes[key]!.machine == nil { boxes[key] = nil } }
            yield &boxes[key]!.machine
        }
    }

    /// Removes a machine; `nil` if there is none.
    mutating func removeValue(forKey key: RunKey) -> RunMachine? { boxes.removeValue(forKey: key)?.machine }
}
