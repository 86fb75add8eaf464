extension TaskContext { func render(_ s: String) async throws -> String { s } }
