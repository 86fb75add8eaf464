import Glibc

var command = ConformanceCommand(timeZoneFolder: getenv("TZDIR").map { String(cString: $0) })
exit(command.run(Array(CommandLine.arguments.dropFirst())))
