"""What dagkit-bench measures, done with pandas: a document of assets becomes a table with the same columns.

    market.py FILE

Prints one line of JSON: the seconds that it took from the file to the table, and what the table holds.
"""

import json
import resource
import sys
import time

import numpy as np
import pandas as pd

NUMBERS = ["supply", "maxSupply", "marketCapUsd", "volumeUsd24Hr", "priceUsd", "changePercent24Hr", "vwap24Hr"]
CAPS = [(200e9, "mega_cap"), (10e9, "large_cap"), (1e9, "mid_cap"), (100e6, "small_cap"), (0, "micro_cap")]
TRENDS = [("forte_hausse", lambda c: c >= 5), ("hausse", lambda c: c >= 1), ("stable", lambda c: c > -1),
          ("baisse", lambda c: c > -5), ("forte_baisse", lambda c: c <= -5)]


def table(path: str) -> pd.DataFrame:
    with open(path, "rb") as file:
        document = json.load(file)
    frame = pd.DataFrame(document["data"])
    for column in NUMBERS:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    frame["rank"] = pd.to_numeric(frame["rank"])
    for column in ["id", "symbol", "name"]:
        frame[column] = frame[column].str.strip()
    frame = frame[(frame["priceUsd"] > 0) & frame["id"].notna()].drop_duplicates("id")
    for column in ["supply", "maxSupply", "marketCapUsd", "volumeUsd24Hr"]:
        frame[column] = frame[column].where(frame[column] >= 0)
    change = frame["changePercent24Hr"].where(frame["changePercent24Hr"].between(-100, 100_000))
    given = frame["marketCapUsd"]
    cap = given.fillna(frame["supply"] * frame["priceUsd"])
    at = pd.Timestamp(document["timestamp"], unit="ms", tz="UTC")
    return pd.DataFrame({
        "crypto_id": frame["id"], "rang": frame["rank"], "symbole": frame["symbol"], "nom": frame["name"],
        "supply_circulant": frame["supply"], "supply_max": frame["maxSupply"], "market_cap_usd": cap,
        "market_cap_derivee": given.isna() & cap.notna(), "volume_24h_usd": frame["volumeUsd24Hr"],
        "prix_usd": frame["priceUsd"], "variation_24h_pourcent": change.round(10),
        "vwap_24h": frame["vwap24Hr"].where(frame["vwap24Hr"] > 0), "timestamp_import": at,
        "market_cap_milliards": (cap / 1e9).round(6), "volume_24h_millions": (frame["volumeUsd24Hr"] / 1e6).round(6),
        "date_import": at.strftime("%Y-%m-%d"), "heure_import": at.strftime("%H:%M:%S"),
        "categorie": np.select([given >= least if least else given > 0 for least, _ in CAPS],
                               [name for _, name in CAPS], "inconnue"),
        "tendance": np.select([test(change) for _, test in TRENDS], [name for name, _ in TRENDS], "inconnue"),
    })


def main() -> None:
    start = time.perf_counter()
    rows = table(sys.argv[1])
    wall = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    classes = lambda column: {name: int(count) for name, count in rows[column].value_counts().items()}
    print(json.dumps({
        "pandas": pd.__version__, "wall": wall, "memory": usage.ru_maxrss * 1024, "rows": len(rows),
        "categorie": classes("categorie"), "tendance": classes("tendance"),
        "cap": float(rows["market_cap_usd"].sum())}))


main()
