"""Orders of the vectors as ours."""

from polydesk.protocol.orders import Order, SignatureType


def order_of(case):
    told = case["order"]
    return Order(
        int(told["salt"]), told["maker"], told["signer"], int(told["tokenId"]), int(told["makerAmount"]),
        int(told["takerAmount"]), told["side"], SignatureType(told["signatureType"]), int(told["timestamp"]),
        bytes.fromhex(told["metadata"][2:]), bytes.fromhex(told["builder"][2:]),
    )  # fmt: skip
