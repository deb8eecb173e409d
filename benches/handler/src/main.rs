//! A Lambda function that does what many do: it reads a JSON document, works out another one, and returns it.

use std::collections::BTreeMap;

use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Event {
    orders: Vec<Order>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    id: String,
    customer: String,
    items: Vec<Item>,
    /// Whatever the shop adds.
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    sku: String,
    name: String,
    quantity: u32,
    cents: u32,
    tags: Vec<String>,
}

/// What one customer ordered.
#[derive(Default, Serialize)]
struct Account {
    cents: u64,
    quantities: BTreeMap<String, u32>,
    orders: Vec<Order>,
}

#[derive(Serialize)]
struct Answer {
    accounts: BTreeMap<String, Account>,
}

async fn handle(event: LambdaEvent<Event>) -> Result<Answer, Error> {
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for order in event.payload.orders {
        let account = accounts.entry(order.customer.clone()).or_default();
        for item in &order.items {
            account.cents += u64::from(item.quantity) * u64::from(item.cents);
            for tag in &item.tags {
                *account.quantities.entry(tag.to_uppercase()).or_default() += item.quantity;
            }
        }
        account.orders.push(order);
    }
    for account in accounts.values_mut() {
        account.orders.sort_by(|one, other| one.id.cmp(&other.id));
    }
    Ok(Answer { accounts })
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run_concurrent(service_fn(handle)).await
}
