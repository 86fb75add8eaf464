/// The priority weight of each task of a DAG, by the weight rules of Airflow.
///
/// A rule counts every task that can be reached once. Only DAGs with a rule other than `absolute` pay for the
/// walk, which is one set union per edge.
struct PriorityWeights {
    private var weights: [Int]

    init(_ drafts: [TaskDraft], defaults: TaskDefaults, upstream: [[Int]], downstream: [[Int]]) {
        var own: [Int] = []
        var rules: [WeightRule] = []
        for draft in drafts {
            let defaults = defaults.adjusted(by: draft.adjustments)
            own.append(draft.options.priorityWeight ?? defaults.priorityWeight)
            rules.append(draft.options.weightRule ?? defaults.weightRule)
        }
        weights = own
        if rules.contains(.downstream) {
            let reached = Self.sums(own, order: Array(drafts.indices.reversed()), neighbours: downstream)
            for index in drafts.indices where rules[index] == .downstream { weights[index] = reached[index] }
        }
        if rules.contains(.upstream) {
            let reached = Self.sums(own, order: Array(drafts.indices), neighbours: upstream)
            for index in drafts.indices where rules[index] == .upstream { weights[index] = reached[index] }
        }
    }

    /// The weight of a task, within the bounds of Airflow's column.
    subscript(index: Int) -> Int { min(max(weights[index], Int(Int32.min)), Int(Int32.max)) }

    /// The weight of each task and of all that is reached from it over `neighbours`, each counted once.
    ///
    /// Chains and trees, where nothing is reached twice, are summed in one pass; elsewhere bit sets tell what was
    /// counted already.
    private static func sums(_ own: [Int], order: [Int], neighbours: [[Int]]) -> [Int] {
        var hits = [Int](repeating: 0, count: own.count)
        for list in neighbours { for neighbour in list { hits[neighbour] += 1 } }
        if hits.allSatisfy({ $0 <= 1 }) {
            var sums = own
            for index in order {
                for neighbour in neighbours[index] { sums[index] = sums[index].adding(sums[neighbour]) }
            }
            return sums
        }
        let words = (own.count + 63) / 64
        var reached = [[UInt64]](repeating: [], count: own.count)
        var waiting = hits
        var sums = own
        for index in order {
            var set = [UInt64](repeating: 0, count: words)
            set[index / 64] |= 1 << (index % 64)
            for neighbour in neighbours[index] {
                for word in 0..<words { set[word] |= reached[neighbour][word] }
                waiting[neighbour] -= 1
                if waiting[neighbour] == 0 { reached[neighbour] = [] }
            }
            sums[index] = Self.total(of: set, own)
            reached[index] = set
        }
        return sums
    }

    private static func total(of set: [UInt64], _ own: [Int]) -> Int {
        var total = 0
        for (word, bits) in set.enumerated() {
            var left = bits
            while left != 0 {
                total = total.adding(own[word * 64 + left.trailingZeroBitCount])
                left &= left - 1
            }
        }
        return total
    }
}

extension Int {
    /// The sum, or the outermost number on its side if it is too large.
    fileprivate func adding(_ other: Int) -> Int {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? (other > 0 ? .max : .min) : sum
    }
}
