"""Tags of resources, in the shape of `aws resourcegroupstaggingapi get-resources`, by account."""

from accounts import (
    CARD_KEY, CUSTOMER_KEY, CUSTOMERS, DEV, IMAGES, LAKE, LEDGER, ORDERS_SECRET, PAYMENT_EVENTS, PAYMENTS,
    RECEIPTS, REFUND, REGION, SETTLEMENTS, STORES, TRAIL,
)
from shapes import tags

# The system that a resource is of, and who looks after it.
SYSTEMS = {
    "payments": [
        (ORDERS_SECRET, "orders-database", "payments"),
        (f"arn:aws:rds:{REGION}:{PAYMENTS}:cluster:larkfield-orders", "orders-database", "payments"),
        (CARD_KEY, "payments", "payments"),
        (LEDGER, "payments", "payments"),
        (PAYMENT_EVENTS, "payments", "payments"),
        (REFUND, "payments", "payments"),
        (SETTLEMENTS, "payments", "payments"),
        (RECEIPTS, "receipts", "checkout"),
        (IMAGES, "shop-window", "platform"),
        (f"arn:aws:ecr:{REGION}:{PAYMENTS}:repository/checkout", "checkout", "checkout"),
        (f"arn:aws:events:{REGION}:{PAYMENTS}:event-bus/shop", "checkout", "checkout"),
    ],
    "data": [
        (CUSTOMERS, "customer-data", "data"),
        (CUSTOMER_KEY, "customer-data", "data"),
        (LAKE, "lake", "data"),
    ],
    "stores": [
        (f"arn:aws:dynamodb:{REGION}:{STORES}:table/till-receipts", "tills", "stores"),
        (f"arn:aws:dynamodb:{REGION}:{STORES}:table/till-sessions", "tills", "stores"),
        (f"arn:aws:dynamodb:{REGION}:{STORES}:table/stock-levels", "stock", "stores"),
        (f"arn:aws:sqs:{REGION}:{STORES}:deliveries", "stock", "stores"),
    ],
    "dev": [
        ("arn:aws:s3:::larkfield-dev-artifacts", "sandbox", "engineering"),
        (f"arn:aws:dynamodb:{REGION}:{DEV}:table/preview-orders", "sandbox", "engineering"),
    ],
    "security": [(TRAIL, "audit-trail", "security")],
}
ENVIRONMENTS = {"payments": "production", "data": "production", "stores": "production", "dev": "dev", "security": "all"}


def exports():
    """File name to content."""
    out = {}
    for account, systems in SYSTEMS.items():
        mapped = [
            {"ResourceARN": arn, "Tags": tags(system=system, team=team, env=ENVIRONMENTS[account])}
            for arn, system, team in sorted(systems)
        ]
        out[f"{account}.tags.json"] = {"PaginationToken": "", "ResourceTagMappingList": mapped}
    return out
