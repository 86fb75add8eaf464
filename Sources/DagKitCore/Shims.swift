extension TaskContext { public func render(_ s: String) async throws -> String { s } }
