//! A greedy shrinker: take things away from a failing world for as long as it still fails.

use serde_json::Value;

use super::caller::{Caller, Kind};
use super::world::{Guardrail, Holder, Node, Request, World};

/// Takes the `n`-th removable thing away; counts down over everything that can be removed.
struct Remover(usize);

impl Remover {
    fn done(&self) -> bool {
        self.0 == usize::MAX
    }

    fn thin<T>(&mut self, items: &mut Vec<T>) {
        if self.done() {
            return;
        }
        if self.0 < items.len() {
            items.remove(self.0);
            self.0 = usize::MAX;
        } else {
            self.0 -= items.len();
        }
    }

    fn thin_document(&mut self, document: &mut Value) {
        if self.done() {
            return;
        }
        if let Some(Value::Array(statements)) = document.get_mut("Statement") {
            self.thin(statements);
        }
    }

    fn thin_condition(&mut self, document: &mut Value) {
        let Some(Value::Array(statements)) = document.get_mut("Statement") else { return };
        for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
            if self.done() || !statement.contains_key("Condition") {
                continue;
            }
            if self.0 == 0 {
                statement.remove("Condition");
                self.0 = usize::MAX;
            } else {
                self.0 -= 1;
            }
        }
    }

    fn thin_holder(&mut self, holder: &mut Holder) {
        self.thin(&mut holder.inline);
        self.thin(&mut holder.attached);
    }

    fn thin_node(&mut self, node: &mut Node) {
        self.thin(&mut node.policies);
        node.accounts.iter_mut().for_each(|member| self.thin(&mut member.policies));
        node.units.iter_mut().for_each(|unit| self.thin_node(unit));
    }

    fn thin_world(&mut self, world: &mut World) {
        self.thin(&mut world.accounts);
        self.thin(&mut world.resources);
        self.thin(&mut world.endpoints);
        if let Some(people) = &mut world.people {
            self.thin(&mut people.assignments);
        }
        for account in &mut world.accounts {
            self.thin(&mut account.users);
            self.thin(&mut account.groups);
            self.thin(&mut account.roles);
            self.thin(&mut account.policies);
            account.users.iter_mut().for_each(|user| {
                self.thin_holder(&mut user.entity.policies);
                self.thin(&mut user.groups);
                self.thin(&mut user.entity.tags);
            });
            account.groups.iter_mut().for_each(|group| self.thin_holder(&mut group.policies));
            account.roles.iter_mut().for_each(|role| self.thin_holder(&mut role.entity.policies));
        }
        if let Some(organization) = &mut world.organization {
            self.thin_node(&mut organization.root);
        }
        each_document(world, &mut |document| self.thin_document(document));
        each_document(world, &mut |document| self.thin_condition(document));
    }
}

/// Visits every policy document of the world.
pub(crate) fn each_document(world: &mut World, visit: &mut dyn FnMut(&mut Value)) {
    fn guarded(policies: &mut [Guardrail], visit: &mut dyn FnMut(&mut Value)) {
        policies.iter_mut().filter_map(|policy| policy.content.as_mut()).for_each(visit);
    }
    fn node(level: &mut Node, visit: &mut dyn FnMut(&mut Value)) {
        guarded(&mut level.policies, visit);
        level.accounts.iter_mut().for_each(|member| guarded(&mut member.policies, visit));
        level.units.iter_mut().for_each(|unit| node(unit, visit));
    }
    for account in &mut world.accounts {
        let users = account.users.iter_mut().map(|user| &mut user.entity.policies);
        let groups = account.groups.iter_mut().map(|group| &mut group.policies);
        users.chain(groups).flat_map(|holder| &mut holder.inline).for_each(|p| visit(&mut p.document));
        for role in &mut account.roles {
            role.entity.policies.inline.iter_mut().for_each(|policy| visit(&mut policy.document));
            visit(&mut role.trust);
        }
        account.policies.iter_mut().for_each(|policy| visit(&mut policy.document));
    }
    if let Some(organization) = &mut world.organization {
        node(&mut organization.root, visit);
    }
    world.resources.iter_mut().for_each(|resource| visit(&mut resource.policy));
    world.endpoints.iter_mut().for_each(|endpoint| visit(&mut endpoint.policy));
}

/// The smallest world and request found that still fail.
pub(crate) fn shrink(
    mut world: World,
    mut request: Request,
    fails: &dyn Fn(&World, &Request) -> bool,
) -> (World, Request) {
    let kind = |world: &World, request: &Request| {
        let caller = Caller::new(world, &request.principal, request.session_name.as_deref());
        (matches!(caller.kind, Kind::Unloaded), matches!(caller.kind, Kind::Nobody))
    };
    let (was_unloaded, _) = kind(&world, &request);
    let mut at = 0;
    loop {
        let (mut smaller, mut shorter) = (world.clone(), request.clone());
        let mut remover = Remover(at);
        remover.thin(&mut shorter.context);
        remover.thin(&mut shorter.session_policies);
        remover.thin(&mut shorter.session_tags);
        shorter.session_policies.iter_mut().for_each(|policy| remover.thin_document(policy));
        remover.thin_world(&mut smaller);
        if !remover.done() {
            return (world, request);
        }
        let (unloaded, nobody) = kind(&smaller, &shorter);
        let same_caller = !nobody && unloaded == was_unloaded && smaller.has_roles_of_people();
        if same_caller && fails(&smaller, &shorter) {
            (world, request) = (smaller, shorter);
        } else {
            at += 1;
        }
    }
}
