"""Which other settings the domain, the web ACL and the VPC allow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.settings import arns
from infra.settings.client_auth import ClientAuth
from infra.settings.table import require

if TYPE_CHECKING:
    from infra.settings.environment import Settings

# https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames
_VPC_ENDPOINT_URL = re.compile(r"https?://[^/]*vpce-[^/]*\.vpce\.amazonaws\.com(?:\.cn)?(?::[0-9]+)?/.*")


def check(settings: Settings) -> None:
    """Raises RefusedSettingError."""
    _check_regions(settings)
    _check_urls(settings)
    _check_proof(settings)
    if settings.network is not None:
        _check_vpc(settings)


def is_at_vpc_endpoint(url: str | None) -> bool:
    """Whether the URL's host is that of a VPC endpoint."""
    return url is not None and _VPC_ENDPOINT_URL.fullmatch(url.lower()) is not None


def _check_regions(settings: Settings) -> None:
    certificate = None if settings.domain is None else settings.domain.certificate_arn
    web_acl = None if settings.waf is None else settings.waf.web_acl_arn
    rule = f"must be in {settings.region}, the region of the stack"
    require(arns.is_in(certificate, settings.region), "domain.certificate_arn", rule)
    require(arns.is_in(web_acl, settings.region), "waf.web_acl_arn", rule)
    for zone in [] if settings.network is None else settings.network.availability_zones:
        rule = f"has {zone}, which is not in {settings.region}, the region of the stack"
        require(_is_zone_of(zone, settings.region), "network.availability_zones", rule)


def _is_zone_of(zone: str, region: str | None) -> bool:
    """Whether the zone, which may be a Local Zone, is in the region. True if the region is not known.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
    """
    return region is None or re.fullmatch(rf"{re.escape(region)}(?:[a-z]|-.+)", zone) is not None


def _check_urls(settings: Settings) -> None:
    """A function outside a VPC would wait for such an endpoint until its timeout."""
    upstream = settings.upstream
    others = {f"upstream.region_urls.{region}": url for region, url in upstream.region_urls.items()}
    for setting, url in {"upstream.url": upstream.url, **others}.items():
        rule = "is a VPC endpoint, which only functions in a VPC reach: set [network]"
        require(settings.network is not None or not is_at_vpc_endpoint(url), setting, rule)
    rotates = upstream.key_rotation is not None
    rule = "cannot be set if upstream.url is a VPC endpoint: its function runs outside the VPC, and could test no key"
    require(not (rotates and is_at_vpc_endpoint(upstream.url)), "upstream.key_rotation", rule)


def _check_proof(settings: Settings) -> None:
    """The proof asks Bedrock itself in each region, if there are several, and runs in the VPC only for a private API."""
    network, upstream = settings.network, settings.upstream
    urls = (upstream.url, *(upstream.region_urls.get(region) for region in settings.other_regions))
    is_inside = network is not None and network.private_api
    asks = settings.proof.on_deploy and bool(settings.other_regions) and any(map(is_at_vpc_endpoint, urls))
    rule = (
        "cannot be set with targets in other regions and a VPC endpoint in upstream: the proof of a public API runs "
        "outside the VPC. Set network.private_api = true, or run `make prove` in the VPC"
    )
    require(is_inside or not asks, "proof.on_deploy", rule)


def _check_vpc(settings: Settings) -> None:
    network, upstream = settings.network, settings.upstream
    if network is None:
        return
    rule = "cannot be set with [domain]: private APIs need a private custom domain, which the stack does not create"
    require(settings.domain is None or not network.private_api, "network.private_api", rule)
    if network.internet_access:
        return
    is_far = settings.region is not None and upstream.url_region not in (None, settings.region)
    rule = "is Bedrock in another region, which a VPC reaches only with network.internet_access = true"
    require(not is_far, "upstream.url", rule)
    unreachable = [region for region in settings.other_regions if region not in upstream.region_urls]
    rule = (
        f"has targets in {', '.join(unreachable)}, which a VPC reaches only with network.internet_access = true, or by "
        "upstream.region_urls"
    )
    require(not unreachable, "models", rule)
    rule = 'must not be "jwt" with [network] and without network.internet_access = true: the authorizer reads the issuer\'s keys'
    require(settings.client_auth is not ClientAuth.JWT, "client_auth", rule)
