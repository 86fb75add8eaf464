public import FoundationEssentials

// Tasks that depend on their past ask once all else lets them start. A question is answered from what is stored: from
// the machine of the run before while that is open and all it decided is committed, and from the store otherwise. What
// waits watches the one task that it waits for, and is asked about again when that task is done.

extension Planner {
    /// What an open run knows of the run before it.
    struct Past: Sendable {
        /// `nil` where there is none.
        var run: PastRun?

        /// Whether it is known which run that is.
        var isKnown = false

        /// Whether what the store said of it still holds.
        var isFresh = false

        /// The tasks that ask.
        var questions: Set<Int> = []

        /// What tasks wait for, by their index.
        var obstacles: [Int: PastObstacle] = [:]

        /// The tasks that wait, by the task of the run before that they wait for.
        var waiting: [TaskID: Set<Int>] = [:]

        /// Whether a task may not start, or not yet.
        func holds(_ task: Int) -> Bool { questions.contains(task) || obstacles[task] != nil }
    }

    // MARK: Questions and answers

    /// What the store is to be asked, by the run whose tasks want to know; nothing twice.
    public var pastQueries: [(run: RunKey, query: PastQuery)] {
        asking.sorted().compactMap { key in
            guard let past = pasts[key], let machine = machines[key], let date = machine.run.logicalDate
            else {
                return nil
            }
            let isOpen = past.run.map { machines.contains($0.key) } ?? true
            if past.isKnown, past.isFresh || isOpen { return nil }
            return machine.spec.pastQuery(before: date).map { (key, $0) }
        }
    }

    /// Takes what the store says of the run before a run; `nil` if there is none.
    public mutating func learn(_ found: PastRun?, before key: RunKey) {
        guard pasts[key] != nil else { return }
        unlink(key)
        pasts[key]?.run = found
        pasts[key]?.isKnown = true
        pasts[key]?.isFresh = true
        if let found { followers[found.key, default: []].insert(key) }
    }

    /// Answers what can be answered by what is stored; call it once a step is committed.
    public mutating func answerPast(at now: Date) {
        for key in asking.sorted() {
            guard let answers = answers(to: key) else { continue }
            asking.remove(key)
            settle(answers, of: key, at: now)
        }
    }

    /// The answers to a run's questions; `nil` while they are not known, or not all that decides them is stored.
    private func answers(to key: RunKey) -> [Int: PastAnswer]? {
        guard let past = pasts[key], let spec = machines.read(key, { $0.spec }), past.isKnown else {
            return nil
        }
        guard let run = past.run else {
            return Dictionary(uniqueKeysWithValues: past.questions.map { ($0, .met) })
        }
        let before = machines[run.key]
        guard past.isFresh || before != nil, !touched.contains(run.key) else { return nil }
        var answers: [Int: PastAnswer] = [:]
        for task in past.questions {
            let obstacle = run.obstacle(to: spec.tasks[task], of: spec) { before?.hasPassed($0) }
            answers[task] = obstacle.map(PastAnswer.waits) ?? .met
        }
        return answers
    }

    private mutating func settle(_ answers: [Int: PastAnswer], of key: RunKey, at now: Date) {
        pasts[key]?.questions = []
        for (task, answer) in answers.sorted(by: { $0.key < $1.key }) {
            dropObstacle(to: task, of: key)
            if case .waits(let obstacle) = answer {
                pasts[key]?.obstacles[task] = obstacle
                pasts[key]?.waiting[obstacle.task, default: []].insert(task)
            } else {
                unblock(.past(key, task), all: true)
            }
        }
        advance(key, .past(answers), at: now)
    }

    private mutating func dropObstacle(to task: Int, of key: RunKey) {
        guard let obstacle = pasts[key]?.obstacles.removeValue(forKey: task) else { return }
        pasts[key]?.waiting[obstacle.task]?.remove(task)
        if pasts[key]?.waiting[obstacle.task]?.isEmpty == true { pasts[key]?.waiting[obstacle.task] = nil }
    }

    // MARK: What makes tasks ask

    mutating func ask(_ tasks: [Int], in key: RunKey) {
        pasts[key, default: Past()].questions.formUnion(tasks)
        asking.insert(key)
    }

    /// Lets those ask again that wait for a task which is done well with this change.
    mutating func askFollowers(of batch: RunBatch) {
        guard let after = followers[batch.run], let machine = machines[batch.run] else { return }
        for id in Set(batch.instances.map(\.taskID)) where machine.hasPassed(id) == true {
            for key in after {
                if let tasks = pasts[key]?.waiting[id] { ask(tasks.sorted(), in: key) }
            }
        }
    }

    /// Lets those ask again that a run comes before which somebody else changed.
    mutating func askFollowers(of key: RunKey, at now: Date) {
        for follower in followers[key]?.sorted() ?? [] {
            pasts[follower]?.isFresh = false
            askAnew(follower, at: now)
        }
    }

    private mutating func askAnew(_ key: RunKey, at now: Date) {
        guard let open = machines.read(key, { $0.openQuestions(at: now) }), !open.isEmpty else { return }
        ask(open, in: key)
    }

    /// Takes a run into the row: it may be the one before a run that followed another one.
    mutating func noteInRow(_ run: DAGRun, at now: Date) {
        guard let spec = dags[run.dagID]?.spec, !spec.pastTasks.isEmpty, let date = run.logicalDate else {
            return
        }
        for key in openRuns(of: run.dagID) {
            guard let past = pasts[key], past.isKnown,
                let later = machines.read(key, { $0.run.logicalDate }) ?? nil,
                later > date,
                past.run.map({ $0.logicalDate < date }) ?? true
            else { continue }
            pasts[key]?.isKnown = false
            askAnew(key, at: now)
        }
    }

    // MARK: Runs that go

    /// Lets those ask anew which run comes before theirs that a run came before which was deleted.
    package mutating func missRun(_ key: RunKey, at now: Date) {
        for follower in followers[key]?.sorted() ?? [] {
            pasts[follower]?.isKnown = false
            askAnew(follower, at: now)
        }
    }

    /// Says that what is known of a run from now on stands in the store.
    mutating func leaveToStore(_ key: RunKey) {
        for follower in followers[key] ?? [] { pasts[follower]?.isFresh = false }
    }

    /// Drops what a run knew of the one before it.
    mutating func forgetPast(of key: RunKey) {
        guard let past = pasts[key] else { return }
        unlink(key)
        for task in past.questions.union(past.obstacles.keys) { blocked[.past(key, task)] = nil }
        pasts[key] = nil
        asking.remove(key)
    }

    private mutating func unlink(_ key: RunKey) {
        guard let before = pasts[key]?.run?.key else { return }
        followers[before]?.remove(key)
        if followers[before]?.isEmpty == true { followers[before] = nil }
    }
}
