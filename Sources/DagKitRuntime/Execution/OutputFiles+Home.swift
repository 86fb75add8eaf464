import DagKitCore
import DagKitSystem

extension OutputFiles {
    /// Files under a folder.
    init(folder: String) {
        self.init(
            write: { contents, file in
                let path = "\(folder)/\(file)"
                try FileSystem.createFolder(FileSystem.parent(of: path))
                try FileSystem.write(contents, to: path)
            },
            read: { file in Array(try FileSystem.readText("\(folder)/\(file)").utf8) })
    }
}

extension TaskServices {
    /// The services with a place for large outputs in the home, unless there is one, or no home.
    func offeringOutputFiles() -> TaskServices {
        guard let home, self[OutputFiles.self] == nil else { return self }
        var services = self
        services[OutputFiles.self] = OutputFiles(folder: "\(home)/outputs")
        return services
    }
}
