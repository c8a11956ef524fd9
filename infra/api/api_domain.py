"""The API's domain name."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.settings.domain import Domain, SecurityPolicy

# Requests must come to the domain's own endpoint, with its name in the TLS handshake:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
_ACCESS_MODE = apigateway.EndpointAccessMode.STRICT
_POLICIES = {
    SecurityPolicy.TLS_1_2: apigateway.SecurityPolicy.TLS_1_2,
    SecurityPolicy.TLS_1_3: apigateway.SecurityPolicy.TLS13_1_3_2025_09,
    SecurityPolicy.TLS_1_3_FIPS: apigateway.SecurityPolicy.TLS13_1_3_FIPS_2025_09,
    SecurityPolicy.TLS_1_2_POST_QUANTUM: apigateway.SecurityPolicy.TLS13_1_2_PQ_2025_09,
    SecurityPolicy.TLS_1_2_FORWARD_SECRET: apigateway.SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09,
}


class ApiDomain(Construct):
    """Maps a domain name to the stage of `api`, and adds its record to the hosted zone if there is one.

    `target` is the name to which the domain's DNS record must lead.
    """

    def __init__(self, scope: Construct, id_: str, *, domain: Domain, api: apigateway.RestApi) -> None:
        super().__init__(scope, id_)
        policy = domain.security_policy
        self.name = apigateway.DomainName(
            self,
            "Name",
            domain_name=domain.name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=_POLICIES[policy],
            endpoint_access_mode=_ACCESS_MODE if policy.is_enhanced else None,
        )
        self.name.add_base_path_mapping(api, base_path=domain.base_path, stage=api.deployment_stage)
        self.target = self.name.domain_name_alias_domain_name
        if policy.is_enhanced:
            _require_of_api(api, policy)
        if domain.hosted_zone_id is not None and domain.hosted_zone_name is not None:
            self._add_record(domain.name, domain.hosted_zone_id, domain.hosted_zone_name)

    def _add_record(self, name: str, zone_id: str, zone_name: str) -> None:
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=zone_id, zone_name=zone_name
        )
        alias = route53.RecordTarget.from_alias(targets.ApiGatewayDomain(self.name))
        route53.ARecord(self, "Record", zone=zone, record_name=name, target=alias)


def _require_of_api(api: apigateway.RestApi, policy: SecurityPolicy) -> None:
    """Behind a domain the API's own policy decides, too.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-update.html
    """
    resource = cast(apigateway.CfnRestApi, api.node.default_child)
    resource.security_policy, resource.endpoint_access_mode = policy.value, _ACCESS_MODE.value
