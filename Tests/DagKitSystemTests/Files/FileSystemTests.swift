import DagKitCore
import DagKitSystem
import Glibc
import Testing

@Suite struct FileSystemTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a written file reads back and belongs to its owner alone`() throws {
        try FileSystem.write(Array("hello".utf8), to: folder.path("a"))

        var status = stat()
        stat(folder.path("a"), &status)
        #expect(try FileSystem.readText(folder.path("a")) == "hello")
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `writing replaces the file and leaves no other`() throws {
        try FileSystem.write(Array("old and long".utf8), to: folder.path("a"))

        try FileSystem.write(Array("new".utf8), to: folder.path("a"))

        #expect(try FileSystem.readText(folder.path("a")) == "new")
        #expect(try FileSystem.names(in: folder.path) == ["a"])
    }

    @Test func `a write that fails leaves the old file and no other`() throws {
        try FileSystem.createFolder(folder.path("a/kept"))

        #expect(throws: SystemError.failed("write", folder.path("a"), code: EISDIR)) {
            try FileSystem.write([1], to: folder.path("a"))
        }
        #expect(try FileSystem.names(in: folder.path) == ["a"])
    }

    @Test func `of two that make a file one succeeds and its content stays`() throws {
        #expect(try FileSystem.create(Array("first".utf8), at: folder.path("a")))
        #expect(try !FileSystem.create(Array("second".utf8), at: folder.path("a")))

        #expect(try FileSystem.readText(folder.path("a")) == "first")
        #expect(try FileSystem.names(in: folder.path) == ["a"])
    }

    @Test func `folders are made with those above them, for their owner alone`() throws {
        try FileSystem.createFolder(folder.path("a/b/c"))
        try FileSystem.createFolder(folder.path("a/b/c"))

        var status = stat()
        stat(folder.path("a/b"), &status)
        #expect(FileSystem.isFolder(folder.path("a/b/c")))
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test func `a folder below a file names the path and the reason`() throws {
        try FileSystem.write([], to: folder.path("a"))

        #expect(throws: SystemError.failed("make folder", folder.path("a/b"), code: ENOTDIR)) {
            try FileSystem.createFolder(folder.path("a/b"))
        }
    }

    @Test func `a file over the limit is not read`() throws {
        try FileSystem.write([UInt8](repeating: 7, count: 100), to: folder.path("a"))

        #expect(throws: SystemError.failed("read", folder.path("a"), code: EFBIG)) {
            try FileSystem.read(folder.path("a"), limit: 99)
        }
        #expect(try FileSystem.read(folder.path("a"), limit: 100).count == 100)
    }

    @Test func `a tree is removed without following its links`() throws {
        try FileSystem.createFolder(folder.path("kept"))
        try FileSystem.write([1], to: folder.path("kept/file"))
        try FileSystem.createFolder(folder.path("tree/deep"))
        symlink(folder.path("kept"), folder.path("tree/link"))

        try FileSystem.removeTree(folder.path("tree"))

        #expect(!FileSystem.exists(folder.path("tree")))
        #expect(FileSystem.exists(folder.path("kept/file")))
    }

    @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/", "a"), ("/", "/")])
    func `the parent of a path is its folder`(path: String, parent: String) {
        #expect(FileSystem.parent(of: path) == parent)
    }

    @Test func `an error reads as one line with a remedy`() {
        let error = #expect(throws: SystemError.self) { try FileSystem.read(folder.path("none")) }

        #expect(
            error?.description
                == "cannot open \"\(folder.path("none"))\": no such file or directory; check that it exists")
    }
}
