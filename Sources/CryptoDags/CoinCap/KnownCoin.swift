/// A coin that people know, with the rough numbers from which its invented market starts.
struct KnownCoin: Sendable {
    let id: String
    let symbol: String
    let name: String
    let price: Double
    let supply: Double
    let maxSupply: Double?
    var isStable = false

    private init(
        _ id: String, _ symbol: String, _ name: String, _ price: Double, _ supply: Double,
        max maxSupply: Double? = nil, isStable: Bool = false
    ) {
        self.id = id
        self.symbol = symbol
        self.name = name
        self.price = price
        self.supply = supply
        self.maxSupply = maxSupply
        self.isStable = isStable
    }

    static let all: [KnownCoin] = [
        KnownCoin("bitcoin", "BTC", "Bitcoin", 67_234.5, 19_965_971, max: 21_000_000),
        KnownCoin("ethereum", "ETH", "Ethereum", 3_567.89, 120_694_996.47928987),
        KnownCoin("tether", "USDT", "Tether USDt", 1, 186_906_835_256.83847, isStable: true),
        KnownCoin("xrp", "XRP", "XRP", 2.06, 60_330_132_840, max: 100_000_000_000),
        KnownCoin("binance-coin", "BNB", "BNB", 848.5, 137_734_906.46, max: 137_734_906.46),
        KnownCoin("solana", "SOL", "Solana", 132.4, 559_264_220.3152),
        KnownCoin("usd-coin", "USDC", "USDC", 1, 76_303_284_178.46, isStable: true),
        KnownCoin("steth", "STETH", "Lido Staked Ether", 3_561.2, 8_529_436.3),
        KnownCoin("tron", "TRX", "TRON", 0.281, 94_672_117_308.3),
        KnownCoin("dogecoin", "DOGE", "Dogecoin", 0.139, 152_035_556_383.7),
        KnownCoin("cardano", "ADA", "Cardano", 0.41, 35_893_268_209.5, max: 45_000_000_000),
        KnownCoin("wrapped-bitcoin", "WBTC", "Wrapped Bitcoin", 67_120, 125_742.81),
        KnownCoin("bitcoin-cash", "BCH", "Bitcoin Cash", 571, 19_960_928, max: 21_000_000),
        KnownCoin("chainlink", "LINK", "Chainlink", 13.7, 696_849_970.45, max: 1_000_000_000),
        KnownCoin("hyperliquid", "HYPE", "Hyperliquid", 29.2, 270_772_999.8, max: 1_000_000_000),
        KnownCoin("stellar", "XLM", "Stellar", 0.239, 32_138_672_814.8, max: 50_001_806_812),
        KnownCoin("ethena-usde", "USDE", "Ethena USDe", 1, 6_528_901_552.6, isStable: true),
        KnownCoin("monero", "XMR", "Monero", 402, 18_446_744.07),
        KnownCoin("sui", "SUI", "Sui", 1.58, 3_736_639_420.6, max: 10_000_000_000),
        KnownCoin("avalanche", "AVAX", "Avalanche", 13.2, 427_033_618.9, max: 720_000_000),
        KnownCoin("litecoin", "LTC", "Litecoin", 82.4, 76_587_004.3, max: 84_000_000),
        KnownCoin("hedera-hashgraph", "HBAR", "Hedera", 0.131, 42_476_314_437.9, max: 50_000_000_000),
        KnownCoin(
            "shiba-inu", "SHIB", "Shiba Inu", 0.0000083, 589_243_919_673_341.75, max: 589_552_695_333_683),
        KnownCoin("multi-collateral-dai", "DAI", "Dai", 1, 5_365_382_702.66, isStable: true),
        KnownCoin("toncoin", "TON", "Toncoin", 1.61, 2_441_214_180.9),
        KnownCoin("crypto-com-coin", "CRO", "Cronos", 0.101, 36_069_453_408.4, max: 100_000_000_000),
        KnownCoin("polkadot", "DOT", "Polkadot", 2.11, 1_521_267_060.2),
        KnownCoin("unus-sed-leo", "LEO", "UNUS SED LEO", 9.42, 922_052_107.8),
        KnownCoin("zcash", "ZEC", "Zcash", 331, 16_399_478.8, max: 21_000_000),
        KnownCoin("mantle", "MNT", "Mantle", 1.12, 3_252_944_056, max: 6_219_316_795),
        KnownCoin("uniswap", "UNI", "Uniswap", 5.31, 630_330_527.5),
        KnownCoin("bittensor", "TAO", "Bittensor", 291, 9_597_491, max: 21_000_000),
        KnownCoin("aave", "AAVE", "Aave", 186, 15_253_124.6, max: 16_000_000),
        KnownCoin("near-protocol", "NEAR", "NEAR Protocol", 1.72, 1_271_982_110.5),
        KnownCoin("internet-computer", "ICP", "Internet Computer", 3.31, 539_934_566.3),
        KnownCoin("ethereum-classic", "ETC", "Ethereum Classic", 13.1, 154_340_922.8, max: 210_700_000),
        KnownCoin("pepe", "PEPE", "Pepe", 0.0000046, 420_689_899_653_543.56, max: 420_690_000_000_000),
        KnownCoin("okb", "OKB", "OKB", 112, 21_000_000, max: 21_000_000),
        KnownCoin("aptos", "APT", "Aptos", 1.84, 733_041_218.7),
        KnownCoin("ondo-finance", "ONDO", "Ondo", 0.47, 3_159_107_529, max: 10_000_000_000),
        KnownCoin("polygon", "POL", "POL (ex-MATIC)", 0.129, 10_530_821_318.6),
        KnownCoin("kaspa", "KAS", "Kaspa", 0.049, 26_810_542_331.6, max: 28_704_026_601),
        KnownCoin("arbitrum", "ARB", "Arbitrum", 0.209, 5_602_931_012, max: 10_000_000_000),
        KnownCoin("cosmos", "ATOM", "Cosmos", 2.31, 481_203_907.9),
        KnownCoin("vechain", "VET", "VeChain", 0.0129, 85_985_041_177, max: 86_712_634_466),
        KnownCoin("algorand", "ALGO", "Algorand", 0.134, 8_811_205_320.1, max: 10_000_000_000),
        KnownCoin("gatetoken", "GT", "GateToken", 10.4, 116_890_431, max: 300_000_000),
        KnownCoin("filecoin", "FIL", "Filecoin", 1.53, 713_490_411.2, max: 1_960_804_822),
        KnownCoin("render-token", "RENDER", "Render", 1.61, 518_577_812.6, max: 644_168_762),
        KnownCoin("sei", "SEI", "Sei", 0.131, 6_490_277_777, max: 10_000_000_000),
        KnownCoin("flare", "FLR", "Flare", 0.0142, 78_114_553_890.4),
        KnownCoin("bonk", "BONK", "Bonk", 0.0000096, 82_494_801_128_540.2, max: 87_995_317_110_510),
        KnownCoin("jupiter", "JUP", "Jupiter", 0.23, 3_165_216_666, max: 10_000_000_000),
        KnownCoin("quant", "QNT", "Quant", 79.2, 12_072_738, max: 14_612_493),
        KnownCoin("paypal-usd", "PYUSD", "PayPal USD", 1, 3_860_404_112.3, isStable: true),
        KnownCoin("injective", "INJ", "Injective", 5.6, 99_970_935),
        KnownCoin("stacks", "STX", "Stacks", 0.302, 1_805_912_204.7),
        KnownCoin("optimism", "OP", "Optimism", 0.312, 1_903_104_420.5),
        KnownCoin("tezos", "XTZ", "Tezos", 0.482, 1_065_714_320.7),
        KnownCoin("pax-gold", "PAXG", "PAX Gold", 4_180, 372_011.8),
        KnownCoin("lido-dao", "LDO", "Lido DAO", 0.62, 890_822_814, max: 1_000_000_000),
        KnownCoin("the-graph", "GRT", "The Graph", 0.0442, 10_600_540_112),
        KnownCoin("floki-inu", "FLOKI", "FLOKI", 0.0000447, 9_650_118_470_332.3, max: 10_000_000_000_000),
        KnownCoin("iota", "IOTA", "IOTA", 0.0989, 4_165_233_471.6),
        KnownCoin("conflux", "CFX", "Conflux", 0.0771, 5_145_930_281.4),
        KnownCoin("theta-network", "THETA", "Theta Network", 0.33, 1_000_000_000, max: 1_000_000_000),
        KnownCoin("neo", "NEO", "Neo", 3.81, 70_538_831, max: 100_000_000),
        KnownCoin("decentraland", "MANA", "Decentraland", 0.147, 1_919_186_130.2, max: 2_193_179_327),
        KnownCoin("the-sandbox", "SAND", "The Sandbox", 0.141, 2_651_030_112.4, max: 3_000_000_000),
        KnownCoin("bitcoin-sv", "BSV", "Bitcoin SV", 19.7, 19_958_412, max: 21_000_000),
        KnownCoin("gala", "GALA", "Gala", 0.00671, 46_451_227_300.9, max: 50_000_000_000),
        KnownCoin("dash", "DASH", "Dash", 41.2, 12_502_118.7, max: 18_900_000),
        KnownCoin("mina", "MINA", "Mina", 0.0861, 1_272_630_110.3),
        KnownCoin("zilliqa", "ZIL", "Zilliqa", 0.00531, 19_698_240_110.6, max: 21_000_000_000),
        KnownCoin(
            "basic-attention-token", "BAT", "Basic Attention Token", 0.221, 1_495_718_340.1,
            max: 1_500_000_000),
        KnownCoin("decred", "DCR", "Decred", 18.6, 17_150_228.4, max: 21_000_000),
        KnownCoin("qtum", "QTUM", "Qtum", 1.41, 105_934_012.2, max: 107_822_406),
        KnownCoin("ravencoin", "RVN", "Ravencoin", 0.0079, 15_510_220_147, max: 21_000_000_000),
        KnownCoin("siacoin", "SC", "Siacoin", 0.00189, 55_855_632_340),
        KnownCoin("loopring", "LRC", "Loopring", 0.0622, 1_367_741_230.9, max: 1_374_513_896),
    ]
}
