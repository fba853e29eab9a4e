"""What the order suites check, whichever provider answers."""

from __future__ import annotations

FIELDS = ("order_id", "product", "urgency")


def check_order(eval_case, eval_output, grade):
    """Grade each field of an order, and whether all three are right together."""
    order = grade.format(eval_output, "orders/order.schema.json")
    grade.policy(eval_output, "orders/policy.toml")
    expected = {name: spelled_alike(eval_case.expected[name]) for name in FIELDS}
    actual = {name: spelled_alike(order[name]) for name in FIELDS} if order else {}
    grade.equal("order_id", expected["order_id"], actual.get("order_id"))
    grade.equal("product", expected["product"], actual.get("product"))
    grade.label("urgency", expected=expected["urgency"], predicted=actual.get("urgency"))
    grade.equal("fields", expected, actual)


def spelled_alike(text):
    """Text whose case and spacing no longer matter: "Desk  lamp" is a desk lamp."""
    return " ".join(text.casefold().split())
