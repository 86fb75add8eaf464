import DagKitSystem
import Glibc
import Testing

@Suite(.serialized) struct ProcessHoldingsTests {
    @Test func `open descriptors, threads and memory are counted`() throws {
        let before = ProcessHoldings.now()
        let files = try (0..<5).map { _ in try Held(FileDescriptor.open("/dev/null", O_RDONLY)) }
        // Memory of the kernel's own, as that of malloc may have been the process's before.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
        let block = try #require(mmap(nil, 64 << 20, PROT_READ | PROT_WRITE, flags, -1, 0))
        try #require(block != MAP_FAILED)
        let after = ProcessHoldings.now()
        munmap(block, 64 << 20)

        // Tests beside this one open and close files of their own.
        #expect(before.descriptors > 3 && after.descriptors >= before.descriptors + 3)
        #expect(before.threads >= 1)
        #expect(after.memory > before.memory + (16 << 20))
        withExtendedLifetime(files) {}
    }

    @Test func `an environment is set back to what it was`() {
        setenv("DAGKIT_TEST_KEPT", "as it was", 1)
        unsetenv("DAGKIT_TEST_NEW")
        let image = EnvironmentImage.now()

        setenv("DAGKIT_TEST_KEPT", "changed", 1)
        setenv("DAGKIT_TEST_NEW", "a task's", 1)
        image.restore()

        #expect(getenv("DAGKIT_TEST_KEPT").map { String(cString: $0) } == "as it was")
        #expect(getenv("DAGKIT_TEST_NEW") == nil)
    }

    private final class Held {
        let file: FileDescriptor
        init(_ file: consuming FileDescriptor) { self.file = file }
    }
}
