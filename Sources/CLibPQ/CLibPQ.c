#include "CLibPQ.h"

#include "CLazyLibrary.h"

#define LIBRARY "libpq.so.5"

DAGKIT_LAZY(int, PQbackendPID, (const PGconn *conn), (conn))
DAGKIT_LAZY(int, PQcancel, (PGcancel *cancel, char *errbuf, int errbufsize), (cancel, errbuf, errbufsize))
DAGKIT_LAZY(void, PQclear, (PGresult *res), (res))
DAGKIT_LAZY(char *, PQcmdStatus, (PGresult *res), (res))
DAGKIT_LAZY(char *, PQcmdTuples, (PGresult *res), (res))
DAGKIT_LAZY(PQconninfoOption *, PQconndefaults, (void), ())
DAGKIT_LAZY(PostgresPollingStatusType, PQconnectPoll, (PGconn *conn), (conn))
DAGKIT_LAZY(
    PGconn *, PQconnectStartParams,
    (const char *const *keywords, const char *const *values, int expand_dbname),
    (keywords, values, expand_dbname))
DAGKIT_LAZY(int, PQconnectionNeedsPassword, (const PGconn *conn), (conn))
DAGKIT_LAZY(void, PQconninfoFree, (PQconninfoOption *connOptions), (connOptions))
DAGKIT_LAZY(PQconninfoOption *, PQconninfoParse, (const char *conninfo, char **errmsg), (conninfo, errmsg))
DAGKIT_LAZY(int, PQconsumeInput, (PGconn *conn), (conn))
DAGKIT_LAZY(char *, PQerrorMessage, (const PGconn *conn), (conn))
DAGKIT_LAZY(void, PQfinish, (PGconn *conn), (conn))
DAGKIT_LAZY(int, PQflush, (PGconn *conn), (conn))
DAGKIT_LAZY(char *, PQfname, (const PGresult *res, int field_num), (res, field_num))
DAGKIT_LAZY(void, PQfreeCancel, (PGcancel *cancel), (cancel))
DAGKIT_LAZY(void, PQfreemem, (void *ptr), (ptr))
DAGKIT_LAZY(Oid, PQftype, (const PGresult *res, int field_num), (res, field_num))
DAGKIT_LAZY(PGcancel *, PQgetCancel, (PGconn *conn), (conn))
DAGKIT_LAZY(PGresult *, PQgetResult, (PGconn *conn), (conn))
DAGKIT_LAZY(int, PQgetisnull, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num))
DAGKIT_LAZY(int, PQgetlength, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num))
DAGKIT_LAZY(char *, PQgetvalue, (const PGresult *res, int tup_num, int field_num), (res, tup_num, field_num))
DAGKIT_LAZY(int, PQisBusy, (PGconn *conn), (conn))
DAGKIT_LAZY(int, PQnfields, (const PGresult *res), (res))
DAGKIT_LAZY(int, PQntuples, (const PGresult *res), (res))
DAGKIT_LAZY(int, PQputCopyData, (PGconn *conn, const char *buffer, int nbytes), (conn, buffer, nbytes))
DAGKIT_LAZY(int, PQputCopyEnd, (PGconn *conn, const char *errormsg), (conn, errormsg))
DAGKIT_LAZY(char *, PQresultErrorField, (const PGresult *res, int fieldcode), (res, fieldcode))
DAGKIT_LAZY(char *, PQresultErrorMessage, (const PGresult *res), (res))
DAGKIT_LAZY(ExecStatusType, PQresultStatus, (const PGresult *res), (res))
DAGKIT_LAZY(
    int, PQsendPrepare,
    (PGconn *conn, const char *stmtName, const char *query, int nParams, const Oid *paramTypes),
    (conn, stmtName, query, nParams, paramTypes))
DAGKIT_LAZY(int, PQsendQuery, (PGconn *conn, const char *query), (conn, query))
DAGKIT_LAZY(
    int, PQsendQueryParams,
    (PGconn *conn, const char *command, int nParams, const Oid *paramTypes, const char *const *paramValues, const int *paramLengths, const int *paramFormats, int resultFormat),
    (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat))
DAGKIT_LAZY(
    int, PQsendQueryPrepared,
    (PGconn *conn, const char *stmtName, int nParams, const char *const *paramValues, const int *paramLengths, const int *paramFormats, int resultFormat),
    (conn, stmtName, nParams, paramValues, paramLengths, paramFormats, resultFormat))
DAGKIT_LAZY(int, PQserverVersion, (const PGconn *conn), (conn))
DAGKIT_LAZY(PGVerbosity, PQsetErrorVerbosity, (PGconn *conn, PGVerbosity verbosity), (conn, verbosity))
DAGKIT_LAZY(
    PQnoticeProcessor, PQsetNoticeProcessor,
    (PGconn *conn, PQnoticeProcessor proc, void *arg),
    (conn, proc, arg))
DAGKIT_LAZY(int, PQsetnonblocking, (PGconn *conn, int arg), (conn, arg))
DAGKIT_LAZY(int, PQsocket, (const PGconn *conn), (conn))
DAGKIT_LAZY(int, PQsslInUse, (PGconn *conn), (conn))
DAGKIT_LAZY(ConnStatusType, PQstatus, (const PGconn *conn), (conn))
DAGKIT_LAZY(PGTransactionStatusType, PQtransactionStatus, (const PGconn *conn), (conn))
